"""The LMS's own tables, as they were before anybody thought of SCIM."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models


class Organization(models.Model):
    """A customer of the LMS: the tenant."""

    name = models.CharField(max_length=150, unique=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class SSOSettings(models.Model):
    """How a customer's people sign in (SAML): the page on which an identity provider is connected."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="sso_settings")
    name = models.CharField(max_length=150, help_text="For example: Entra ID of Harborline")
    entity_id = models.CharField("entity ID", max_length=255)
    sign_in_url = models.URLField("sign-in URL")
    certificate = models.TextField(
        blank=True, help_text="The identity provider's signing certificate, as PEM."
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        verbose_name = "SSO settings"
        verbose_name_plural = "SSO settings"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class OrganizationUnit(models.Model):
    """What companies, business units and teams have in common: a name that is unique within the customer."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="%(class)s_set")
    name = models.CharField(max_length=150)

    class Meta:
        abstract = True
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("organization", "name"), name="lms_%(class)s_name_uniq"),
        ]

    def __str__(self) -> str:
        return self.name


class Company(OrganizationUnit):
    class Meta(OrganizationUnit.Meta):
        verbose_name_plural = "companies"


class BusinessUnit(OrganizationUnit):
    pass


class Team(OrganizationUnit):
    pass


class Learner(models.Model):
    """The LMS's profile of an account."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="learner")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="learners")
    job_role = models.CharField(max_length=150, blank=True)
    company = models.ForeignKey(
        Company, on_delete=models.SET_NULL, null=True, blank=True, related_name="learners"
    )
    business_unit = models.ForeignKey(
        BusinessUnit, on_delete=models.SET_NULL, null=True, blank=True, related_name="learners"
    )
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="learners")
    manager = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="reports"
    )
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("user__last_name", "user__first_name", "pk")

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.get_username()


class Course(models.Model):
    title = models.CharField(max_length=150, unique=True)
    lessons = models.PositiveSmallIntegerField(default=10)

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Progress(models.Model):
    """How far a learner has come in a course: what must survive leaving, returning and a new name."""

    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="progress")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="progress")
    percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "progress"
        ordering = ("learner", "course")
        constraints = [
            models.UniqueConstraint(fields=("learner", "course"), name="lms_progress_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.learner}: {self.course} {self.percent} %"
