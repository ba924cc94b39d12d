"""An academy: the account is the learner, is known by its e-mail address, and is hidden rather than deleted."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone


class Customer(models.Model):
    name = models.CharField(max_length=150, unique=True)

    def __str__(self) -> str:
        return self.name


class IdentityProvider(models.Model):
    """How a customer's people sign in."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="identity_provider")
    metadata = models.TextField(blank=True)
    is_live = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Sign-in of {self.customer}"


class Team(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="teams")
    name = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("customer", "name"), name="academy_team_name")]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Whom the academy shows: those who were not deleted."""

    def get_queryset(self) -> models.QuerySet[User]:
        return super().get_queryset().filter(deleted_at__isnull=True)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Level(models.TextChoices):
    JUNIOR = "J", "Junior"
    SENIOR = "S", "Senior"
    LEAD = "L", "Lead"


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="users")
    given_name = models.CharField(max_length=100, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    job_title = models.CharField(max_length=150, blank=True)
    company = models.CharField(max_length=150, blank=True)
    business_unit = models.CharField(max_length=150, blank=True)
    teams = models.ManyToManyField(Team, related_name="members", blank=True)
    manager = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="reports")
    employee_number = models.IntegerField(null=True, blank=True)
    hired_on = models.DateField(null=True, blank=True)
    level = models.CharField(max_length=1, choices=Level, default=Level.JUNIOR)
    preferences = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()
    everybody = models.Manager["User"]()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ("customer",)

    def __str__(self) -> str:
        return self.email

    def soft_delete(self) -> None:
        """What the academy's own pages do instead of deleting somebody."""
        self.deleted_at = timezone.now()
        self.is_active = False
        self.save(update_fields=["deleted_at", "is_active"])
