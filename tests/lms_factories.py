"""Factories for the example LMS's own tables."""

from __future__ import annotations

from typing import Any

import factory
from factory.django import DjangoModelFactory

from example_project.lms.models import (
    BusinessUnit,
    Company,
    Course,
    Learner,
    Organization,
    Progress,
    SSOSettings,
    Team,
)
from scim_provisioning.testing.factories import UserFactory


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = factory.Sequence("Organization {}".format)


class SSOSettingsFactory(DjangoModelFactory[SSOSettings]):
    class Meta:
        model = SSOSettings

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence("Entra ID {}".format)
    entity_id = "https://sts.example.org/entity/"
    sign_in_url = "https://login.example.org/saml2"
    enabled = True


class _UnitFactory(DjangoModelFactory[Any]):
    class Meta:
        abstract = True

    organization = factory.SubFactory(OrganizationFactory)


class CompanyFactory(_UnitFactory):
    class Meta:
        model = Company

    name = factory.Sequence("Company {}".format)


class BusinessUnitFactory(_UnitFactory):
    class Meta:
        model = BusinessUnit

    name = factory.Sequence("Business unit {}".format)


class TeamFactory(_UnitFactory):
    class Meta:
        model = Team

    name = factory.Sequence("Team {}".format)


class LearnerFactory(DjangoModelFactory[Learner]):
    """A learner with an account of their own; `user__username` and the like reach the account."""

    class Meta:
        model = Learner

    user = factory.SubFactory(UserFactory)
    organization = factory.SubFactory(OrganizationFactory)


class CourseFactory(DjangoModelFactory[Course]):
    class Meta:
        model = Course

    title = factory.Sequence("Course {}".format)


class ProgressFactory(DjangoModelFactory[Progress]):
    class Meta:
        model = Progress

    learner = factory.SubFactory(LearnerFactory)
    course = factory.SubFactory(CourseFactory)
    percent = 50
