"""What a host's code raises, and what becomes of it: its refusals keep their words, its failures keep quiet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, SuspiciousOperation, ValidationError
from django.db.models.signals import post_save, pre_save
from django.http import Http404
from django.utils import translation
from django_scim.exceptions import BadRequestError, SCIMException
from rest_framework.exceptions import NotFound as DrfNotFound

import scim_provisioning.adapters as adapters
from example_project.lms.models import Course, Learner, Progress, SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.errors import InternalError, NotFound, SCIMError
from tests.client import ScimClient
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

SECRET = "the vault's combination is 7-7-7"

Connect = Callable[..., None]


class NoSeats(SCIMError):
    """A host's own class, which says nothing about a status."""


class BadlyTimed(SCIMError):
    """Another one, which says no more than its status."""

    status = 403


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def raising(exception: BaseException) -> Callable[..., Any]:
    def raise_it(*args: Any, **kwargs: Any) -> Any:
        raise exception

    return raise_it


def rename_title(scim: ScimClient, scim_id: str) -> Any:
    return scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "title", "value": "Changed"}])


def last() -> ProvisioningEvent:
    return ProvisioningEvent.objects.latest("pk")


REFUSALS: list[tuple[Exception, int, str | None, str]] = [
    (adapters.Refuse("No licence left."), 400, "invalidValue", "No licence left."),
    (adapters.Refuse("No licence left.", status=403), 403, None, "No licence left."),
    (adapters.Refuse("This badge is taken.", status=409), 409, "uniqueness", "This badge is taken."),
    (adapters.Refuse("Not a date.", scim_type="invalidSyntax"), 400, "invalidSyntax", "Not a date."),
    (SCIMError("No seats left."), 400, "invalidValue", "No seats left."),
    (NoSeats("No seats left."), 400, "invalidValue", "No seats left."),
    (SCIMException("No seats left."), 400, "invalidValue", "No seats left."),
    (BadRequestError("Not on Sundays."), 400, "invalidValue", "Not on Sundays."),
    (BadlyTimed("Not on Sundays."), 403, None, "Not on Sundays."),
    (ValidationError("Not on Sundays."), 400, "invalidValue", "Not on Sundays."),
    (
        ValidationError(["Not on Sundays.", ValidationError("Not at %(hour)s.", params={"hour": 7})]),
        400,
        "invalidValue",
        "Not on Sundays. Not at 7.",
    ),
    (ValidationError({"job_role": ["Too grand."]}), 400, "invalidValue", "title: Too grand."),
    (ValidationError({"username": ["Ends oddly."]}), 400, "invalidValue", "userName: Ends oddly."),
    (ValidationError({"shoe_size": ["Too big."]}), 400, "invalidValue", "shoe_size: Too big."),
    (
        ValidationError({"__all__": ["They do not fit."], "email": ["Odd.", "Long."]}),
        400,
        "invalidValue",
        "They do not fit. emails: Odd. Long.",
    ),
    (ValidationError([]), 400, "invalidValue", "The application refused the change."),
    (PermissionDenied("Externals have no account here."), 403, None, "Externals have no account here."),
    (PermissionDenied(), 403, None, "The application refused the change."),
]


@pytest.mark.parametrize(
    ("raised", "status", "scim_type", "words"), REFUSALS, ids=[f"{r[0]!r}-{r[1]}" for r in REFUSALS]
)
def test_a_hook_refuses_in_its_own_words_and_nothing_is_changed(
    scim: ScimClient,
    ines: str,
    raised: Exception,
    status: int,
    scim_type: str | None,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = contents()
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(raised))
    with caplog.at_level(logging.ERROR, logger="scim_provisioning"):
        answer = rename_title(scim, ines)

    body = answer.json()
    assert (answer.status_code, body["status"], body.get("scimType")) == (status, str(status), scim_type)
    assert body["detail"] == words
    assert contents() == before
    event = last()
    assert (event.status, event.error_code, event.detail) == (status, "host.refused", words)
    assert [r for r in caplog.records if r.name == "scim_provisioning"] == []


def in_find_learner(monkeypatch: pytest.MonkeyPatch, receive: Connect, refusal: Exception) -> None:
    monkeypatch.setattr(LearnerAdapter, "find_learner", raising(refusal))


def in_new_account(monkeypatch: pytest.MonkeyPatch, receive: Connect, refusal: Exception) -> None:
    monkeypatch.setattr(LearnerAdapter, "new_account", raising(refusal))


def in_write(monkeypatch: pytest.MonkeyPatch, receive: Connect, refusal: Exception) -> None:
    monkeypatch.setattr(LearnerAdapter, "write", raising(refusal))


def in_clean(monkeypatch: pytest.MonkeyPatch, receive: Connect, refusal: Exception) -> None:
    save = Learner.save

    def careful(self: Learner, **options: Any) -> None:
        self.full_clean()
        save(self, **options)

    monkeypatch.setattr(Learner, "clean", raising(refusal))
    monkeypatch.setattr(Learner, "save", careful)


def in_a_signal_before(monkeypatch: pytest.MonkeyPatch, receive: Connect, refusal: Exception) -> None:
    receive(pre_save, Learner, raising(refusal))


def in_a_signal_after(monkeypatch: pytest.MonkeyPatch, receive: Connect, refusal: Exception) -> None:
    receive(post_save, Learner, raising(refusal))


@pytest.mark.parametrize(
    "where", [in_find_learner, in_new_account, in_write, in_clean, in_a_signal_before, in_a_signal_after]
)
@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (adapters.Refuse("Not on Sundays."), 400),
        (ValidationError("Not on Sundays."), 400),
        (PermissionDenied("Not on Sundays."), 403),
    ],
    ids=["Refuse", "ValidationError", "PermissionDenied"],
)
def test_a_host_may_refuse_wherever_its_code_runs(
    scim: ScimClient,
    organization: Any,
    where: Callable[..., None],
    refusal: Exception,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    receive: Connect,
) -> None:
    before = contents()
    where(monkeypatch, receive, refusal)
    answer = scim.post("/Users", person())
    assert (answer.status_code, answer.json()["detail"]) == (status, "Not on Sundays.")
    assert contents() == before


def test_a_refusal_can_ask_to_come_back_later(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = adapters.Refuse("The archive is being moved.", status=503, retry_after=timedelta(minutes=10))
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(refusal))
    answer = rename_title(scim, ines)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "600")


def test_a_refusal_can_bring_a_code_of_the_catalogue_and_its_facts(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = adapters.Refuse(
        "No licence left.", status=403, code="user.seats", params={"used": 50, "total": 50}
    )
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(refusal))
    answer = rename_title(scim, ines)
    event = last()
    assert (event.error_code, event.cause) == ("user.seats", {"used": 50, "total": 50})
    assert "50" not in answer.content.decode()


def test_a_host_that_says_429_is_written_down_as_any_refusal(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(adapters.Refuse("Slower.", status=429)))
    assert rename_title(scim, ines).status_code == 429
    assert last().detail == "Slower."


@pytest.mark.parametrize("status", [200, 302, 399, 500, 501, 502, 504])
def test_a_refusal_of_another_status_is_a_mistake_where_it_is_written(status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        adapters.Refuse("No.", status=status)


def test_a_refusal_needs_words() -> None:
    with pytest.raises(ValueError, match="sentence"):
        adapters.Refuse(" ")


def test_refusals_name_the_line_that_refused_for_administrators_only(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(ValidationError({"job_role": "Too grand."})))
    answer = rename_title(scim, ines)
    cause = last().cause
    assert (cause["exception"], cause["attribute"]) == ("ValidationError", ["title"])
    assert cause["place"].startswith("tests/http/test_refusals.py:")
    assert "test_refusals" not in answer.content.decode()


def test_djangos_own_messages_reach_the_identity_provider_in_english(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = Course.objects.create(title="Secure Coding")

    def enrol(self: Any, learner: Learner, *, event: Any) -> None:
        Progress(learner=learner, course=course, percent=101).full_clean()

    monkeypatch.setattr(LearnerAdapter, "on_updated", enrol)
    with translation.override("de"):
        answer = rename_title(scim, ines)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "percent: Ensure this value is less than or equal to 100."


def test_validation_that_finds_the_value_taken_is_409(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Course.objects.create(title="Secure Coding")

    def offer(self: Any, learner: Learner, *, event: Any) -> None:
        Course(title="Secure Coding").full_clean()

    monkeypatch.setattr(LearnerAdapter, "on_updated", offer)
    body = rename_title(scim, ines).json()
    assert (body["status"], body["scimType"]) == ("409", "uniqueness")
    assert body["detail"] == "title: Course with this Title already exists."
    assert last().error_code == "user.value_taken"


FAILURES = [
    Http404(SECRET),
    DrfNotFound(SECRET),
    ObjectDoesNotExist(SECRET),
    Learner.DoesNotExist(SECRET),
    SuspiciousOperation(SECRET),
    AssertionError(SECRET),
    KeyError(SECRET),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_failure_is_500_and_tells_only_administrators_what_and_where(
    scim: ScimClient,
    ines: str,
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = contents()
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(failure))
    with caplog.at_level(logging.ERROR, logger="scim_provisioning"):
        answer = rename_title(scim, ines)

    assert answer.status_code == 500
    text = answer.content.decode()
    assert SECRET not in text
    assert type(failure).__name__ not in text
    assert contents() == before
    event = last()
    assert (event.error_code, event.cause["exception"]) == ("host.hook", type(failure).__name__)
    line = raising(failure).__code__.co_firstlineno + 1
    assert event.cause["place"] == f"tests/http/test_refusals.py:{line}"
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [failure]


def test_a_host_may_still_say_that_the_person_is_not_there(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(NotFound()))
    assert rename_title(scim, ines).status_code == 404


def test_an_internal_error_that_a_host_raises_stays_one(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "on_updated", raising(InternalError("The disk is full.")))
    assert rename_title(scim, ines).status_code == 500


def test_a_fault_of_the_packages_own_is_not_put_down_to_the_host(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scim_provisioning.provisioning.verbs.write", None)
    assert rename_title(scim, ines).status_code == 500
    event = last()
    assert (event.error_code, event.cause) == ("internal", {"exception": "TypeError"})


def test_in_a_bulk_request_refusals_keep_their_words_and_failures_leave_their_traceback(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failure = KeyError(SECRET)
    outcomes = {"refused": adapters.Refuse("No licence left.", status=403), "failed": failure}

    def picky(self: Any, learner: Any, *, event: Any) -> None:
        if outcome := outcomes.get(learner.user.username.partition(".")[0]):
            raise outcome

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", picky)
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": name, "data": person(f"{name}.one")}
        for name in ("refused", "failed", "fine")
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    with caplog.at_level(logging.ERROR, logger="scim_provisioning"):
        results = scim.post("/Bulk", body).json()["Operations"]
    assert [result["status"] for result in results] == ["403", "500", "201"]
    assert results[0]["response"]["detail"] == "No licence left."
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [failure]


@pytest.mark.parametrize("verb", ["GET", "search", "POST", "PUT", "PATCH", "DELETE", "bulk"])
def test_a_connection_whose_sso_settings_went_by_sql_is_over_at_its_next_request(
    verb: str, scim: ScimClient, connection: SCIMConnection
) -> None:
    """Django was not told: the row is read at each request."""
    mine = f"/Users/{scim.post('/Users', person()).json()['id']}"
    off = [{"op": "replace", "path": "active", "value": False}]
    SSOSettings.objects.filter(pk=connection.sso_key)._raw_delete(using="default")
    asked = {
        "GET": lambda: scim.get(mine),
        "search": lambda: scim.get("/Users"),
        "POST": lambda: scim.post("/Users", person("rui.sousa")),
        "PUT": lambda: scim.put(mine, person(active=False)),
        "PATCH": lambda: scim.patch(mine, off),
        "DELETE": lambda: scim.delete(mine),
        "bulk": lambda: scim.post("/Bulk", {"Operations": [{"method": "DELETE", "path": mine}]}),
    }
    assert asked[verb]().status_code == 401
    assert User.objects.get().is_active
    connection.refresh_from_db()
    assert connection.is_archived
