"""What the LMS holds before SCIM arrives: two customers, their units, some local learners, courses, an admin.

Everything is found before it is created, so that seeding twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from .models import BusinessUnit, Company, Course, Learner, Organization, Progress, SSOSettings, Team

ADMIN_NAME = "admin"
ADMIN_PASSWORD = "harbour-lights-demo"  # noqa: S105 - printed by the demonstration, which listens on this machine only

COURSES = {
    "Security basics": 8,
    "Secure coding": 14,
    "Phishing and you": 5,
    "Leading a team": 10,
}

# Local learners, whom no identity provider knows: SCIM must never touch them.
LOCAL_LEARNERS = {
    "Harborline": [("trainer.one", "Petra", "Lindqvist"), ("trainer.two", "Omar", "Haddad")],
    "Brightwater": [("ines.okafor", "Inés", "Okafor"), ("sam.reyes", "Sam", "Reyes")],
}


@dataclass(frozen=True, slots=True)
class SeededLMS:
    """The rows that the demonstration goes on with."""

    organization: Organization
    sso: SSOSettings
    admin: User
    admin_password: str | None
    """None when the account was there already and has another password."""


@transaction.atomic
def seed_lms() -> SeededLMS:
    """Make the LMS; return the customer whose identity provider will be connected, and the administrator."""
    for title, lessons in COURSES.items():
        Course.objects.get_or_create(title=title, defaults={"lessons": lessons})
    organization, _ = Organization.objects.get_or_create(name="Harborline")
    neighbour, _ = Organization.objects.get_or_create(name="Brightwater")
    # Companies exist; business units and teams are partly new to the LMS, and SCIM creates the missing ones.
    for name in ("Harborline Shipping", "Harborline Energy"):
        Company.objects.get_or_create(organization=organization, name=name)
    BusinessUnit.objects.get_or_create(organization=organization, name="Digital")
    for owner in (organization, neighbour):
        Team.objects.get_or_create(organization=owner, name="Platform Security")
    for owner in (organization, neighbour):
        for user_name, given, family in LOCAL_LEARNERS[owner.name]:
            _seed_local_learner(owner, user_name, given, family)
    sso, _ = SSOSettings.objects.get_or_create(
        organization=organization,
        name="Entra ID of Harborline",
        defaults={
            "entity_id": "https://sts.windows.net/0f1e2d3c-demo/",
            "sign_in_url": "https://login.microsoftonline.com/0f1e2d3c-demo/saml2",
            "certificate": "-----BEGIN CERTIFICATE-----\nZGVtbw==\n-----END CERTIFICATE-----\n",
            "enabled": True,
        },
    )
    admin, password = _seed_admin()
    return SeededLMS(organization, sso, admin, password)


def _seed_local_learner(organization: Organization, user_name: str, given: str, family: str) -> None:
    user, created = User.objects.get_or_create(
        username=f"{user_name}@{organization.name.lower()}.local",
        defaults={"first_name": given, "last_name": family},
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    learner, _ = Learner.objects.get_or_create(
        user=user, defaults={"organization": organization, "job_role": "Local"}
    )
    study(learner, percent=40)


def _seed_admin() -> tuple[User, str | None]:
    admin, created = User.objects.get_or_create(
        username=ADMIN_NAME, defaults={"is_staff": True, "is_superuser": True}
    )
    if created:
        admin.set_password(ADMIN_PASSWORD)
        admin.save(update_fields=["password"])
    return admin, ADMIN_PASSWORD if admin.check_password(ADMIN_PASSWORD) else None


def study(learner: Learner, *, percent: int) -> None:
    """Let a learner get on in two courses, unless they have begun already."""
    for course in Course.objects.order_by("title")[:2]:
        Progress.objects.get_or_create(learner=learner, course=course, defaults={"percent": percent})
