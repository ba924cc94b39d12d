"""A host's modules, type-checked strictly against the installed package by ``check.py``; never run.

Everything a host writes by hand stands here once: each kind of line, each hook, the admin mixins, the simulator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path

import scim_provisioning.adapters as scim
from scim_provisioning.admin import SCIMManagedAdminMixin, SCIMPanelMixin
from scim_provisioning.commits import after_commit
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.simulators import DEFAULT_MAPPING, EntraSimulator

DEPARTMENT = f"{scim.ENTERPRISE}:department"
OWN = "urn:example:lms:2.0:User"
#: Other ways to say what ends access.
SWITCHES: list[scim.MappedAttribute] = [
    scim.Switch("learner.status", on="active", off="suspended", never_from=("invited",)),
    scim.OffSince("learner.left_at"),
]


def tenant(connection: SCIMConnection) -> int:
    organization_id: int = connection.sso.organization_id
    return organization_id


class Badge(scim.Text):
    """A kind of the host's own."""

    def to_scim(self, current: Any) -> str:
        return f"badge {current}"

    def assign(self, row: Model, field: Any, value: Any, person: scim.Person) -> None:
        if person.is_new and not value:
            raise self.refusal("expected a badge.")
        super().assign(row, field, value, person)

    def operand(self, value: Any) -> Any:
        return value if str(value).isdecimal() else scim.NO_SUCH_VALUE

    def condition(self, column: scim.Column, op: str, operand: Any) -> Q:
        return super().condition(column, op, operand)


class Floor(scim.Integer):
    """A kind whose every part is the host's own: storeys count from the street."""

    operators = frozenset({"eq", "pr"})

    def current(self, row: Model, field: Any, person: scim.Person) -> int | None:
        number: int | None = getattr(row, field.attname)
        return None if number is None else number - 1

    def assign(self, row: Model, field: Any, value: Any, person: scim.Person) -> None:
        if not isinstance(value, int):
            raise self.refusal("expected a number.")
        setattr(row, field.attname, value + 1)

    def condition(self, column: scim.Column, op: str, operand: Any) -> Q:
        return super().condition(column, op, None if operand is None else operand + 1)


class MemberAdapter(scim.LearnerAdapter):
    """Of the other shapes: a state in place of a flag, several teams, what a directory sends beside text."""

    rows = {
        "membership": scim.RelatedRow(
            "lms.Membership", within={"organization_id": tenant}, defaults={"role": "member"}
        )
    }
    mapping = [
        scim.Switch("membership.status", on="active", off="suspended", never_from=("invited",)),
        scim.Email("emails", "email"),
        scim.Integer(f"{scim.ENTERPRISE}:employeeNumber", "membership.number", required=True),
        scim.Decimal("urn:example:lms:2.0:User:share", "membership.share"),
        scim.Date("urn:example:lms:2.0:User:hired", "membership.hired_on"),
        scim.DateTime("urn:example:lms:2.0:User:seen", "membership.seen_at"),
        scim.Choice("userType", "membership.level", values={"Junior": "J"}, unknown=scim.REFUSE),
        scim.Choice("title", "membership.role", unknown="member"),
        scim.References(DEPARTMENT, "membership.teams", others="keep", within={"organization_id": tenant}),
        scim.Json(f"{scim.ENTERPRISE}:costCenter", "membership.data.cost_centre", type="string"),
        Floor("urn:example:lms:2.0:User:floor", "membership.floor"),
    ]

    @classmethod
    def all_accounts(cls) -> QuerySet[User]:
        return User.objects.all()

    def restore(self, account: Any) -> None:
        account.deleted_at = None
        account.save()

    def on_provisioned(self, learner: Any, *, event: ProvisioningEvent) -> None:
        if learner.organization.is_full:
            raise scim.Refuse("No licence left.", status=403)


class SleeperAdapter(scim.LearnerAdapter):
    mapping = [scim.OffSince("deleted_at")]


class LearnerAdapter(scim.LearnerAdapter):
    user_name_is_sso_subject = True

    rows = {"learner": scim.RelatedRow("lms.Learner", user_field="user", within={"organization_id": tenant})}

    mapping = [
        scim.Text("userName", "username", required=True),
        scim.Text("title", "learner.job_role", when_empty="keep"),
        scim.Email("emails", "email", fallback="userName"),
        scim.Boolean("active", "is_active"),
        scim.Reference(
            DEPARTMENT, "learner.team", by="name", within={"organization_id": tenant}, create="never"
        ),
        scim.References(
            f"{OWN}:courses", "learner.courses", within={"organization_id": tenant}, others="remove"
        ),
        scim.Manager("learner.manager"),
        scim.Integer(f"{scim.ENTERPRISE}:employeeNumber", "learner.number"),
        scim.Decimal(f"{OWN}:share", "learner.share"),
        scim.Date(f"{OWN}:hired", "learner.hired"),
        scim.DateTime(f"{OWN}:seen", "learner.seen"),
        scim.Choice("userType", "learner.level", values={"Junior": "J"}, unknown=scim.REFUSE),
        scim.Json(f"{OWN}:desk", "learner.data.desk", type="integer"),
        Badge("urn:example:lms:2.0:User:badge", "learner.badge"),
    ]

    @classmethod
    def mapping_for(cls, connection: SCIMConnection) -> Sequence[scim.MappedAttribute]:
        return cls.mapping

    @classmethod
    def tenant_users(cls, connection: SCIMConnection) -> QuerySet[User]:
        return User.objects.filter(learner__organization_id=tenant(connection))

    @classmethod
    def tenant_enabled(cls, connection: SCIMConnection) -> bool:
        return not connection.is_paused

    @classmethod
    def connections_for(cls, user: Any) -> QuerySet[SCIMConnection]:
        return super().connections_for(user).filter(name=user.get_username())

    @classmethod
    def confirm_identity(cls, request: HttpRequest) -> bool | None:
        return None

    def find_learner(self, scim_user: Mapping[str, Any]) -> Iterable[scim.Candidate]:
        number = scim_user.get(scim.ENTERPRISE, {}).get("employeeNumber")
        same = self.tenant_users(self.connection).filter(learner__number=number) if number else []
        return [scim.Candidate(user, strong=True) for user in same] or super().find_learner(scim_user)

    def same_address(self, scim_user: Mapping[str, Any]) -> Iterable[Model]:
        return [account for account in super().same_address(scim_user) if account.pk > 0]

    def account_name(self, user_name: str) -> str:
        return user_name.casefold()

    def new_account(self) -> Model:
        account = super().new_account()
        assert isinstance(account, User)
        account.email = ""
        return account

    def is_protected(self, user: User) -> bool:
        return user.is_staff or super().is_protected(user)

    def read(self) -> dict[str, Any]:
        return super().read()

    def write(self, document: dict[str, Any]) -> None:
        super().write(document)

    @classmethod
    def all_accounts(cls) -> QuerySet[User]:
        return User._base_manager.all()

    def restore(self, account: User) -> None:
        account.save()

    def delete(self) -> None:
        super().delete()

    def revoke_access(self, learner: Any) -> None:
        learner.api_tokens.all().delete()

    def erase(self, learner: Any) -> None:
        learner.user.delete()

    def on_provisioned(self, learner: Any, *, event: ProvisioningEvent) -> None:
        if event.user_name.endswith(".invalid"):
            raise scim.Refuse("Nobody of that domain.", status=403)

    @classmethod
    def seats(cls, connection: SCIMConnection) -> int | None:
        return 40 if connection.name else None

    def on_updated(
        self, learner: Any, *, event: ProvisioningEvent, changes: Mapping[str, Sequence[Any]]
    ) -> None:
        after_commit(lambda: print(learner, event.pk, changes))

    def on_team_changed(self, learner: Any, *, event: ProvisioningEvent, old: Any, new: Any) -> None:
        print(learner, old, new)

    def on_deleted(self, learner: Any, *, event: ProvisioningEvent) -> None:
        print(learner, event.link)

    def on_deactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        print(learner, event.connection)

    def on_reactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        print(learner, event.connection)


def say(problems: list[scim.MappingProblem]) -> None:
    for problem in problems:
        print(problem.path, problem.target, problem.message, problem.advice)


say(LearnerAdapter.mapping_problems())


class SSOSettingsAdmin(SCIMPanelMixin, admin.ModelAdmin[Any]):
    list_display = ("name",)


class LearnerAdmin(SCIMManagedAdminMixin, admin.ModelAdmin[Any]):
    scim_user_field = "user"


urlpatterns: list[URLPattern | URLResolver] = [path("", include("scim_provisioning.urls"))]


def rehearse(tenant_url: str, token: str) -> None:
    simulator = EntraSimulator(tenant_url, token, mapping=[*DEFAULT_MAPPING])
    print(simulator)
