"""Adapters that a host might write on the example LMS, each to show one trait of the mapping kit."""

from __future__ import annotations

from typing import Any

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner
from example_project.lms.scim import tenant
from scim_provisioning.adapters import ENTERPRISE

ACME = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
WITHIN = {"organization_id": tenant}


class Base(scim.LearnerAdapter):
    rows = {"learner": scim.RelatedRow(Learner, within=WITHIN)}


class OwnExtension(Base):
    """The job role comes from an extension of the customer's, else from the title."""

    mapping = [
        scim.Text(f"{ACME}:jobFamily", "learner.job_role"),
        scim.Text("title", "learner.job_role"),
    ]


class ExtensionCalledActive(Base):
    """The customer's own attribute has the name of one of SCIM's, which no line of the mapping is about."""

    mapping = [scim.Text(f"{ACME}:active", "learner.job_role"), scim.Text(f"{ACME}:userName", "last_name")]


class Careful(Base):
    """Nothing is created on the way, nothing is cleared, and an address is a must."""

    mapping = [
        scim.Email('emails[type eq "work"].value', "email", required=True),
        scim.Text("title", "learner.job_role", when_empty="keep"),
        scim.Reference(f"{ENTERPRISE}:department", "learner.team", within=WITHIN, create="never"),
    ]


class Overriding(Base):
    """A host that overrides what django-scim2 lets it override."""

    mapping = [scim.Text("title", "learner.job_role"), scim.Text("name.familyName", "last_name")]

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "nickName": f"nick of {self.obj.username}"}

    def from_dict(self, d: dict[str, Any]) -> None:
        super().from_dict(d)
        self.obj.first_name = "Set by the host"


class SubjectIsUserName(Base):
    """userName is the SSO subject, so an account of that name is the same person for certain."""

    mapping = [scim.Text("title", "learner.job_role")]
    user_name_is_sso_subject = True


class Failing(Base):
    """Its hooks raise; each test says which."""

    mapping = [scim.Text("title", "learner.job_role")]


class Homeless(scim.LearnerAdapter):
    """It forgot to say which organization a new learner belongs to."""

    rows = {"learner": scim.RelatedRow(Learner)}
    mapping = [scim.Text("title", "learner.job_role")]
