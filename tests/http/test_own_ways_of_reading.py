"""Whoever is only shown is read by the columns that are shown. A host that reads in a way of its own is followed on
pages, look-ups and by id alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models.signals import post_init

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import adapters
from scim_provisioning.adapters import glimpses, links
from scim_provisioning.databases import prepared
from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

User = get_user_model()


def titles(scim: ScimClient, scim_id: str) -> set[str]:
    """What each way of reading says of somebody's title."""
    queries = ("count=5", "count=5&cursor=", "filter=userName+eq+%22ines.okafor%40harborline.example%22")
    answers = [scim.get(f"/Users?{query}").json()["Resources"][0] for query in queries]
    return {answer["title"] for answer in [*answers, scim.get(f"/Users/{scim_id}").json()]}


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person(title="Lead")).json()["id"]
    return scim_id


def are_glimpses(connection: SCIMConnection) -> bool:
    found = links.glimpsed(LearnerAdapter, connection, lambda people: people.living())
    return {type(each) for each in found} == {glimpses.Glimpse}


def test_nobody_is_read_as_models_to_be_shown(
    connection: SCIMConnection, scim: ScimClient, ines: str
) -> None:
    made: list[object] = []

    def note(sender: type, instance: Any, **kwargs: Any) -> None:
        made.append(instance)

    assert are_glimpses(connection)
    assert titles(scim, ines) == {"Lead"}
    post_init.connect(note, sender=Learner)
    try:
        assert titles(scim, ines) == {"Lead"}
    finally:
        post_init.disconnect(note, sender=Learner)
    # Who waits for models is handed them.
    assert made


def _reads_otherwise(self: Any) -> Any:
    found = adapters.LearnerAdapter.read(self)
    return {**found, "title": "otherwise"}


def _says_otherwise(self: Any) -> Any:
    return {**adapters.LearnerAdapter.to_dict(self), "title": "otherwise"}


def _current_otherwise(self: Any, row: Any, field: Any, person: Any) -> Any:
    # As code of a host's does: by the model that it knows.
    return "otherwise" if isinstance(row, Learner) and row.organization_id else None


class _Title(adapters.Text):
    current = _current_otherwise


class _Decrypted:
    """What some packages for encrypted columns do."""

    def __get__(self, row: Any, owner: Any = None) -> Any:
        return self if row is None else "otherwise"

    def __set__(self, row: Any, value: Any) -> None:
        row.__dict__["job_role"] = value


def _mapped(title: adapters.MappedAttribute) -> list[adapters.MappedAttribute]:
    return [title if line.path == "title" else line for line in LearnerAdapter.mapping]


OWN_WAYS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "read": lambda patch: patch.setattr(LearnerAdapter, "read", _reads_otherwise, raising=False),
    "to_dict": lambda patch: patch.setattr(LearnerAdapter, "to_dict", _says_otherwise, raising=False),
    "a kind": lambda patch: patch.setattr(
        LearnerAdapter, "mapping", _mapped(_Title("title", "learner.job_role"))
    ),
    "from_db": lambda patch: patch.setattr(Learner, "from_db", classmethod(_from_db), raising=False),
}


def _from_db(cls: Any, db: str, names: Any, values: Any) -> Any:
    made = super(Learner, cls).from_db(db, names, values)
    made.job_role = "otherwise"
    return made


def forget() -> None:
    """What a process has found out of the host's classes, which do not change while it runs, is found out again."""
    glimpses.plan.cache_clear()
    prepared._statements._kept.clear()


@pytest.fixture
def _compiled_anew() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.mark.usefixtures("_compiled_anew")
@pytest.mark.parametrize("way", OWN_WAYS)
def test_a_host_that_reads_in_a_way_of_its_own_is_followed_everywhere(
    scim: ScimClient, connection: SCIMConnection, ines: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert titles(scim, ines) == {"Lead"}
    forget()
    OWN_WAYS[way](monkeypatch)
    assert titles(scim, ines) == {"otherwise"}
    assert not are_glimpses(connection)


@pytest.mark.usefixtures("_compiled_anew")
def test_a_column_that_is_no_plain_one_is_read_by_the_model(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Learner, "job_role", _Decrypted())
    assert titles(scim, ines) == {"otherwise"}


def test_a_listener_of_models_that_are_made_changes_what_is_shown(scim: ScimClient, ines: str) -> None:
    def change(sender: type, instance: Any, **kwargs: Any) -> None:
        instance.job_role = "otherwise"

    post_init.connect(change, sender=Learner)
    try:
        assert titles(scim, ines) == {"otherwise"}
    finally:
        post_init.disconnect(change, sender=Learner)
    assert titles(scim, ines) == {"Lead"}
