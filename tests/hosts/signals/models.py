"""An LMS on plain ``auth.User``: saving an account makes its profile, as countless tutorials show it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.text import slugify


class Customer(models.Model):
    name = models.CharField(max_length=150, unique=True)
    #: How many people they pay for; None: as many as come.
    seats = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class SingleSignOn(models.Model):
    """How a customer's people sign in; those without are not provisioned."""

    class Protocol(models.TextChoices):
        NONE = "none", "Password"
        SAML = "saml", "SAML 2.0"
        OIDC = "oidc", "OpenID Connect"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="sign_ons")
    protocol = models.CharField(max_length=10, choices=Protocol, default=Protocol.NONE)

    def __str__(self) -> str:
        return f"{self.customer}: {self.get_protocol_display()}"


class Employer(models.Model):
    """A company, which has a page of its own at its slug."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="employers")
    name = models.CharField(max_length=150)
    slug = models.SlugField(max_length=60, allow_unicode=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("customer", "slug"), name="signals_employer_slug")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.slug:
            self.slug = self._free_slug()
        super().save(*args, **kwargs)

    def _free_slug(self) -> str:
        slug = slugify(self.name, allow_unicode=True)[:50] or "employer"
        taken = set(Employer.objects.filter(customer=self.customer).values_list("slug", flat=True))
        others = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
        return next(one for one in (slug, *others) if one not in taken)


class Department(models.Model):
    """A business unit."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="departments")
    title = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("customer", "title"), name="signals_department_title")]

    def __str__(self) -> str:
        return self.title


class Squad(models.Model):
    """A team. Nothing keeps two of one name apart."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="squads")
    name = models.CharField(max_length=150)

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """Made by a signal, which cannot know the customer."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="profiles")
    position = models.CharField(max_length=120, blank=True)
    employer = models.ForeignKey(Employer, models.SET_NULL, null=True, blank=True)
    department = models.ForeignKey(Department, models.SET_NULL, null=True, blank=True)
    squad = models.ForeignKey(Squad, models.SET_NULL, null=True, blank=True)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="reports"
    )
    #: What opens the doors, so that no two people have the same.
    badge = models.CharField(max_length=20, unique=True, null=True, blank=True)
    points = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.user)


class Site(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="sites")
    name = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("customer", "name"), name="signals_site_name")]

    def __str__(self) -> str:
        return self.name


class TakenDesks(models.Manager["Desk"]):
    def get_queryset(self) -> models.QuerySet[Desk]:
        return super().get_queryset().filter(given_back_at=None)


class Desk(models.Model):
    """Where somebody works: a row that no signal makes, and that cannot be without a site. One that was given back is
    kept, and hidden."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="desk")
    room = models.CharField(max_length=20, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="desks")
    given_back_at = models.DateTimeField(null=True, blank=True)

    objects = TakenDesks()
    every = models.Manager["Desk"]()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(room="13"), name="signals_desk_room_not_13"),
        ]

    def __str__(self) -> str:
        return f"{self.room}, {self.site}"
