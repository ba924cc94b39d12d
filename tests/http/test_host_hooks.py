"""A host's hook that raises: a SCIM 500 without detail, everything rolled back, logged with the request id."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.testing.factories import UserFactory
from tests.client import ScimClient
from tests.people import ENTERPRISE, person
from tests.tables import contents

pytestmark = pytest.mark.django_db

SECRET = "the vault's combination is 7-7-7"


class HostError(Exception):
    """What a host's own code may raise."""


def boom(*args: Any, **kwargs: Any) -> Any:
    raise HostError(SECRET)


def create(scim: ScimClient, scim_id: str) -> Any:
    body = person("new.comer", **{ENTERPRISE: {"department": "A team that must not stay"}})
    return scim.post("/Users", body)


def update(scim: ScimClient, scim_id: str) -> Any:
    operations = [
        {"op": "replace", "path": "title", "value": "Changed"},
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "A team that must not stay"},
    ]
    return scim.patch(f"/Users/{scim_id}", operations)


def replace(scim: ScimClient, scim_id: str) -> Any:
    return scim.put(f"/Users/{scim_id}", person(title="Changed"))


def rename(scim: ScimClient, scim_id: str) -> Any:
    return scim.patch(
        f"/Users/{scim_id}", [{"op": "replace", "path": "userName", "value": "taken@x.example"}]
    )


def deactivate(scim: ScimClient, scim_id: str) -> Any:
    return scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "active", "value": False}])


def reactivate(scim: ScimClient, scim_id: str) -> Any:
    return scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "active", "value": True}])


def delete(scim: ScimClient, scim_id: str) -> Any:
    return scim.delete(f"/Users/{scim_id}")


def read(scim: ScimClient, scim_id: str) -> Any:
    return scim.get(f"/Users/{scim_id}")


def search(scim: ScimClient, scim_id: str) -> Any:
    return scim.get("/Users")


HOOKS: list[tuple[str, Callable[[ScimClient, str], Any]]] = [
    ("on_provisioned", create),
    ("find_learner", create),
    ("same_address", create),
    ("new_account", create),
    ("on_updated", update),
    ("on_updated", replace),
    ("on_deactivated", deactivate),
    ("on_deactivated", delete),
    ("on_reactivated", reactivate),
    ("revoke_access", deactivate),
    ("revoke_access", delete),
    ("is_protected", update),
    ("is_protected", delete),
    ("account_name", rename),
    ("read", read),
    ("read", search),
    ("read", update),
    ("write", create),
    ("write", update),
    ("save", create),
    ("save", update),
    ("set_active", deactivate),
    ("delete", delete),
    ("validate_dict", create),
    ("validate_dict", replace),
    ("tenant_users", create),
    ("mapping_for", update),
    ("tenant_enabled", read),
]


@pytest.fixture
def ines(scim: ScimClient, request: pytest.FixtureRequest) -> str:
    """Somebody who is there; switched off where the test switches her on; and a name that is taken."""
    scim_id: str = scim.post("/Users", person()).json()["id"]
    UserFactory(user_name="new.comer@harborline.example")
    UserFactory(user_name="taken@x.example")
    return scim_id


@pytest.mark.parametrize(("hook", "send"), HOOKS, ids=[f"{hook}-{send.__name__}" for hook, send in HOOKS])
def test_exception_in_a_hook_is_a_500_without_detail_rolled_back_and_logged(
    scim: ScimClient,
    ines: str,
    hook: str,
    send: Callable[[ScimClient, str], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if send is reactivate:
        deactivate(scim, ines)
    before = contents()
    is_of_the_class = hook in ("tenant_users", "mapping_for", "tenant_enabled")
    monkeypatch.setattr(LearnerAdapter, hook, classmethod(boom) if is_of_the_class else boom)
    with caplog.at_level(logging.ERROR, logger="scim_provisioning"):
        answer = send(scim, ines)

    body = answer.json()
    assert (answer.status_code, body["status"]) == (500, "500")
    assert answer.headers["Content-Type"].startswith("application/scim+json")
    assert SECRET not in answer.content.decode()
    assert "HostError" not in answer.content.decode()
    request_id = answer.headers["X-Request-ID"]
    assert request_id in body["detail"]

    event = ProvisioningEvent.objects.latest("pk")
    assert (event.outcome, event.status, event.request_id) == ("refused", 500, request_id)
    assert event.error_code == "host.hook"
    assert SECRET not in event.detail
    assert any(request_id in record.getMessage() and record.exc_info for record in caplog.records)
    monkeypatch.undo()
    assert contents() == before


def test_hook_that_breaks_the_database_is_rolled_back_too(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clash(self: Any, learner: Any, *, event: Any) -> None:
        UserFactory(user_name="taken@x.example")

    before = contents()
    monkeypatch.setattr(LearnerAdapter, "on_updated", clash)
    answer = update(scim, ines)
    assert answer.status_code == 500
    assert contents() == before
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.error_code, event.cause["exception"]) == ("host.hook", IntegrityError.__name__)
    assert "username" in event.cause["database"]
    assert "username" not in answer.content.decode()
    assert scim.get(f"/Users/{ines}").status_code == 200


def test_hook_that_raises_in_one_bulk_operation_undoes_that_one_only(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(self: Any, learner: Any, *, event: Any) -> None:
        if learner.user.username.startswith("bad"):
            raise HostError(SECRET)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", picky)
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": name, "data": person(f"{name}.one")}
        for name in ("good", "bad", "fine")
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    answer = scim.post("/Bulk", body)
    assert [result["status"] for result in answer.json()["Operations"]] == ["201", "500", "201"]
    assert SECRET not in answer.content.decode()
    names = {user["userName"].partition(".")[0] for user in scim.get("/Users").json()["Resources"]}
    assert names == {"ines", "good", "fine"}
