"""Many names of units beyond ASCII: a new one costs as much as the first."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from example_project.lms.models import Learner, Organization, Team
from scim_provisioning.adapters.kinds import named_rows, odd_names
from scim_provisioning.adapters.kinds.meanings import Names
from scim_provisioning.adapters.kinds.named_rows import NamedRows, without_hyphens
from scim_provisioning.models import NewUnits
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

#: One letter that stands for eighteen.
LONG = "\ufdfa"


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person(**{ENTERPRISE: None})).json()["id"]
    return scim_id


def moved(scim: ScimClient, ines: str, team: str) -> None:
    path = f"{ENTERPRISE}:department"
    answer = scim.patch(f"/Users/{ines}", [{"op": "replace", "path": path, "value": team}])
    assert answer.status_code == 200, answer.content


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of which it was worked out what makes their spellings one."""
    asked: list[str] = []

    def normalized(form: Any, text: str) -> str:
        asked.append(text)
        return normalize(form, text)

    named_rows._written_key.cache_clear()
    named_rows._any_key.cache_clear()
    monkeypatch.setattr(named_rows, "normalized", normalized)
    return asked


def test_what_was_sent_before_is_not_worked_out_again_for_a_new_name(
    scim: ScimClient, ines: str, folded: list[str]
) -> None:
    for number in range(20):
        moved(scim, ines, f"{LONG}{number}")
    named_rows._any_key.cache_clear()
    folded.clear()
    moved(scim, ines, "Cloud")
    # What the person had before, and nobody else's.
    assert set(folded) <= {f"{LONG}19"}


@pytest.fixture
def remembers_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name only the beginning is remembered, as of one of 255 letters and more."""
    for module in (named_rows, odd_names):
        monkeypatch.setattr(module, "NAME_LENGTH", 20)


@pytest.mark.usefixtures("remembers_twenty")
def test_nor_are_long_names_that_begin_alike(scim: ScimClient, ines: str, folded: list[str]) -> None:
    for number in range(20):
        moved(scim, ines, f"{LONG * 25}{number}")
    named_rows._any_key.cache_clear()
    folded.clear()
    moved(scim, ines, "Cloud")
    assert set(folded) <= {f"{LONG * 25}19"}


@pytest.mark.usefixtures("remembers_twenty")
def test_of_long_names_that_begin_alike_each_spelling_finds_its_own(scim: ScimClient, ines: str) -> None:
    for name in ("Ｃ" * 25 + "A", "Ｃ" * 25 + "B"):
        moved(scim, ines, name)
    for team in Team.objects.all():
        moved(scim, ines, normalize("NFKC", team.name))
        assert Learner.objects.get().team == team
    assert Team.objects.count() == 2


def test_names_with_hyphens_are_worked_out_once_where_those_do_not_count(
    organization: Organization, folded: list[str]
) -> None:
    def meant(name: str) -> Any:
        rows = NamedRows(Team, "name", {"organization": organization}, without_hyphens)
        return Names(rows, NewUnits.CREATE, lambda: {"organization": organization}).meant_by(name)

    first = [meant(f"{LONG}-{number}") for number in range(20)]
    meant("Cloud")
    named_rows._any_key.cache_clear()
    folded.clear()
    meant("Data")
    assert folded == []
    assert meant(f"{LONG} 7") == first[7]


def test_names_of_the_lms_are_worked_out_once(
    scim: ScimClient, ines: str, organization: Organization, folded: list[str]
) -> None:
    Team.objects.bulk_create(Team(organization=organization, name=f"Büro {n}") for n in range(20))
    for name in ("Cloud", "Data", "Ops"):
        moved(scim, ines, name)
    assert len(folded) == 20


def test_a_new_name_takes_the_same_statements_whatever_others_there_are(
    scim: ScimClient, ines: str, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="Büro")
    moved(scim, ines, "Ops")
    counts = []
    for name in ("Cloud", "Data"):
        with CaptureQueriesContext(
            database,
        ) as asked:
            moved(scim, ines, name)
        counts.append(len(asked))
        Team.objects.bulk_create(Team(organization=organization, name=f"Büro {name} {n}") for n in range(50))
        moved(scim, ines, f"{LONG}{name}")
    assert counts[0] == counts[1]


@pytest.mark.parametrize("known", [f"{LONG}A", "Ｃloud", "Re\u0301seau  Sud"])
def test_another_spelling_of_what_was_sent_before_is_the_same_team(
    scim: ScimClient, ines: str, known: str
) -> None:
    moved(scim, ines, known)
    team = Team.objects.get()
    moved(scim, ines, normalize("NFKC", known).upper())
    assert Team.objects.get() == team


def test_a_team_that_the_lms_calls_otherwise_now_is_found_by_its_new_name(
    scim: ScimClient, ines: str
) -> None:
    moved(scim, ines, f"{LONG}A")
    Team.objects.update(name="Ｃloud")
    moved(scim, ines, "Ops")
    moved(scim, ines, "cloud")
    assert set(Team.objects.values_list("name", flat=True)) == {"Ｃloud", "Ops"}


def test_a_team_of_the_lms_under_the_name_of_one_that_is_gone_is_found(scim: ScimClient, ines: str) -> None:
    """What a name meant is remembered, and who had it deleted."""
    moved(scim, ines, "Ｃloud")
    moved(scim, ines, "Ops")
    old = Team.objects.get(name="Ｃloud")
    organization = old.organization
    old.delete()
    new = Team.objects.create(organization=organization, name="Ｃloud")
    moved(scim, ines, "CLOUD")
    assert set(Team.objects.values_list("pk", flat=True)) >= {new.pk}
    assert Team.objects.count() == 2
