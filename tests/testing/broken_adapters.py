"""Adapters with one fault each, on the example LMS: what ``AdapterContract`` has to notice."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

import scim_provisioning.adapters as scim
from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter as Sound
from scim_provisioning.adapters import ENTERPRISE
from scim_provisioning.models import ProvisionedUser


class LeaverKeepsAccess(Sound):
    """Answers what SCIM wants to hear, and leaves the account as it is."""

    def set_active(self, active: bool) -> None:
        """Forgotten."""


class DeleteKeepsAccess(Sound):
    def delete(self) -> None:
        """Forgotten."""


class LocksLeavers(Sound):
    """Who was deleted is locked out besides, and nothing unlocks them when they return."""

    def delete(self) -> None:
        super().delete()
        locked, _made = Group.objects.get_or_create(name="Locked")
        self.obj.groups.add(locked)  # type: ignore[attr-defined]


class DeletesAccounts(Sound):
    def delete(self) -> None:
        super().delete()
        type(self.obj).objects.filter(pk=self.obj.pk).delete()
        self.link.user = None


class WritesEveryTime(Sound):
    def write(self, document: dict[str, Any]) -> None:
        super().write(document)
        row: Any = self.row("learner")
        row.job_role = f"{row.job_role}."


class WritesWhenRead(Sound):
    def read(self) -> dict[str, Any]:
        if self.obj.pk:
            type(self.obj).objects.filter(pk=self.obj.pk).update(last_name="Read")
        document: dict[str, Any] = super().read()
        return document


class AsksForEachPerson(Sound):
    def read(self) -> dict[str, Any]:
        type(self.obj).objects.filter(pk=self.obj.pk).exists()
        document: dict[str, Any] = super().read()
        return document


class SeesEverybody(Sound):
    @classmethod
    def links(cls, connection: Any) -> Any:
        return ProvisionedUser.objects.select_related("user__learner")


class ProtectsNobody(Sound):
    def is_protected(self, user: Any) -> bool:
        return False


class CallsTheHookItself(Sound):
    def save(self) -> None:
        super().save()
        self.on_updated(learner=self.learner, event=None, changes={})  # type: ignore[arg-type]


class LetsPeopleSignIn(Sound):
    def new_account(self) -> Any:
        account: Any = super().new_account()
        account.set_password("provisioned")
        return account


class CutText(scim.Text):
    def assign(self, row: Any, field: Any, value: Any, person: Any) -> None:
        super().assign(row, field, str(value)[: field.max_length], person)


class StubbornText(scim.Text):
    def same(self, sent: Any, current: Any, *others: Any) -> bool:
        return True


def first_customer(connection: Any) -> int:
    return Organization.objects.earliest("pk").pk


class Cuts(Sound):
    mapping = [*Sound.mapping[:4], CutText("title", "learner.job_role")]


class IgnoresTheRow(Sound):
    mapping = [*Sound.mapping[:4], StubbornText("title", "learner.job_role")]


class SharesTeams(Sound):
    mapping = [
        *Sound.mapping[:4],
        scim.Reference(
            f"{ENTERPRISE}:department", "learner.team", within={"organization_id": first_customer}
        ),
    ]


class MapsLittle(Sound):
    """Not broken: no manager, no reference, no address."""

    mapping = [scim.Text("userName", "username"), scim.Text("title", "learner.job_role")]


class Demanding(Sound):
    """Not broken: an address is a must, a title is never cleared, and teams have to exist."""

    mapping = [
        scim.Email('emails[type eq "work"].value', "email", required=True),
        scim.Text("title", "learner.job_role", when_empty="keep"),
        Sound.mapping[6],
        scim.Reference(
            f"{ENTERPRISE}:department",
            "learner.team",
            within={"organization_id": lambda connection: connection.sso.organization_id},
            create="never",
        ),
    ]


class LeavesForGood(Sound):
    """Not broken: who was switched off is let in again by the LMS, and by no directory."""

    mapping = [*Sound.mapping, scim.Switch("is_active", on=True, off=False, never_from=(False,))]


class PicksByCustomer(Sound):
    """Not broken: each customer has a mapping of its own."""

    @classmethod
    def mapping_for(cls, connection: Any) -> Any:
        return {True: cls.mapping[:5]}[connection.sso.enabled]
