"""What a host's code may do to the transaction that it runs in, and what is asked for meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from example_project.lms.models import Learner
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

# --- what a host's code may do


def swallow() -> None:
    """The commonest mistake: `try: create() except IntegrityError`, without a savepoint."""
    first = User.objects.order_by("pk")[0]
    with contextlib.suppress(DatabaseError):
        User.objects.create(username=first.username)


def swallow_what_django_does_not_see() -> None:
    with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT nonsense FROM nowhere")


def ask_for_a_rollback() -> None:
    transaction.set_rollback(True)


def close() -> None:
    connection.close()


def roll_back_by_hand() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK")


FAULTS = [swallow, swallow_what_django_does_not_see, ask_for_a_rollback, close, roll_back_by_hand]
named = pytest.mark.parametrize("fault", FAULTS, ids=[fault.__name__ for fault in FAULTS])


# --- what an identity provider asks meanwhile

Send = Callable[[ScimClient, "Somebody"], Any]


@dataclass(frozen=True)
class Somebody:
    """A learner who is there, and the name of one who is not yet."""

    scim_id: str
    name: str

    @property
    def user_name(self) -> str:
        return f"{self.name}@harborline.example"

    @property
    def newcomer(self) -> str:
        return f"new.{self.name}"


def somebody(scim: ScimClient, name: str = "ines.okafor") -> Somebody:
    return Somebody(scim.post("/Users", person(name)).json()["id"], name)


def create(scim: ScimClient, who: Somebody) -> Any:
    return scim.post("/Users", person(who.newcomer))


def update(scim: ScimClient, who: Somebody) -> Any:
    return scim.patch(f"/Users/{who.scim_id}", [{"op": "replace", "path": "title", "value": "Changed"}])


def put(scim: ScimClient, who: Somebody) -> Any:
    return scim.put(f"/Users/{who.scim_id}", person(who.name, title="Changed"))


def deactivate(scim: ScimClient, who: Somebody) -> Any:
    return scim.patch(f"/Users/{who.scim_id}", [{"op": "replace", "path": "active", "value": False}])


def reactivate(scim: ScimClient, who: Somebody) -> Any:
    return scim.patch(f"/Users/{who.scim_id}", [{"op": "replace", "path": "active", "value": True}])


def delete(scim: ScimClient, who: Somebody) -> Any:
    return scim.delete(f"/Users/{who.scim_id}")


def move(level: str) -> Send:
    """Another team, business unit or company."""

    def move(scim: ScimClient, who: Somebody) -> Any:
        return scim.patch(
            f"/Users/{who.scim_id}",
            [{"op": "replace", "path": f"{ENTERPRISE}:{level}", "value": "Elsewhere"}],
        )

    move.__name__ = level
    return move


def rename(scim: ScimClient, who: Somebody) -> Any:
    """Somebody whose account was here before: its owner is told."""
    ProvisionedUser.objects.filter(scim_id=who.scim_id).update(adopted_at=timezone.now())
    return scim.patch(
        f"/Users/{who.scim_id}",
        [
            {
                "op": "replace",
                "path": 'emails[type eq "work"].value',
                "value": f"{who.newcomer}@harborline.example",
            }
        ],
    )


def succeed(scim: ScimClient, who: Somebody) -> Any:
    """Somebody new with the name of somebody who was deleted."""
    scim.delete(f"/Users/{who.scim_id}")
    return scim.post("/Users", person(who.name, externalId=who.newcomer, title="Changed"))


ASKED: list[tuple[str, Send]] = [
    ("on_provisioned", create),
    ("on_updated", update),
    ("on_updated", put),
    ("on_deactivated", deactivate),
    ("on_deactivated", delete),
    ("revoke_access", deactivate),
    ("revoke_access", delete),
    ("on_reactivated", reactivate),
    ("on_team_changed", move("department")),
    ("on_business_unit_changed", move("division")),
    ("on_company_changed", move("organization")),
    ("on_identity_changed", rename),
    ("on_deleted", delete),
]


_MOVES = {"department": "team", "division": "business_unit", "organization": "company"}


def stands(who: Somebody, send: Send) -> bool:
    """Whether what was asked for is in the host's own tables."""
    if send is create:
        return User.objects.filter(username__startswith=who.newcomer).exists()
    if send.__name__ in _MOVES:
        rows = {f"{_MOVES[send.__name__]}__name": "Elsewhere", "user__username": who.user_name}
        return Learner.objects.filter(**rows).exists()
    if send is rename:
        return User.objects.filter(email=f"{who.newcomer}@harborline.example").exists()
    if send in (update, put, succeed):
        return Learner.objects.filter(user__username=who.user_name, job_role="Changed").exists()
    active = User.objects.get(username=who.user_name).is_active
    if send is delete:
        is_gone = ProvisionedUser.objects.get(scim_id=who.scim_id).deleted_at is not None
        assert is_gone is not active, "half of a DELETE"
    return active if send is reactivate else not active


def logged(answer: Any) -> ProvisioningEvent:
    """The one row of the log that this request has."""
    return ProvisioningEvent.objects.get(request_id=answer.headers["X-Request-ID"])


def told_the_truth(scim: ScimClient, who: Somebody, send: Send, answer: Any) -> ProvisioningEvent:
    """The log's row for the request, once answer, tables and log say the same."""
    event = logged(answer)
    if answer.status_code < 300:
        assert stands(who, send)
        assert event.outcome == "applied"
        if send is not delete:
            assert scim.get(f"/Users/{answer.json()['id']}").json() == answer.json()
    else:
        assert not stands(who, send)
        assert (event.outcome, event.status) == ("refused", answer.status_code)
    return event
