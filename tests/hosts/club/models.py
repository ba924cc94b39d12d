"""An LMS of clubs: accounts are everybody's, a membership is one club's, has a role and goes through statuses."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Club(models.Model):
    """The customer."""

    name = models.CharField(max_length=150, unique=True)

    def __str__(self) -> str:
        return self.name


class SignIn(models.Model):
    club = models.OneToOneField(Club, models.CASCADE, related_name="sign_in")
    issuer = models.CharField(max_length=200, blank=True)
    enabled = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Sign-in of {self.club}"


class _Unit(models.Model):
    club = models.ForeignKey(Club, models.CASCADE, related_name="%(class)s_set")
    name = models.CharField(max_length=150)

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=("club", "name"), name="club_%(class)s_name")]

    def __str__(self) -> str:
        return self.name


class Company(_Unit):
    pass


class Division(_Unit):
    pass


class Team(_Unit):
    pass


class Role(_Unit):
    """What somebody may do in a club; only its own people hand roles out."""


class Membership(models.Model):
    class Status(models.TextChoices):
        INVITED = "invited"
        ACTIVE = "active"
        SUSPENDED = "suspended"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    club = models.ForeignKey(Club, models.CASCADE, related_name="memberships")
    role = models.ForeignKey(Role, models.PROTECT, related_name="memberships")
    status = models.CharField(max_length=10, choices=Status, default=Status.INVITED)
    job_role = models.CharField(max_length=150, blank=True)
    company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True)
    division = models.ForeignKey(Division, models.SET_NULL, null=True, blank=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True)
    manager = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="reports")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("user", "club"), name="club_membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.club}"

    @property
    def may_come_in(self) -> bool:
        """What every page of the LMS asks."""
        return self.user.is_active and self.status == self.Status.ACTIVE
