"""Many names of units beyond ASCII: a new one costs as much as the first."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

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
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

#: One letter that stands for eighteen.
LONG = "\ufdfa"


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    """What one test has read is none of another's."""
    odd_names.kept.clear()
    yield
    odd_names.kept.clear()


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


def odd_teams(organization: Organization, count: int, name: str = "Büro") -> None:
    Team.objects.bulk_create(Team(organization=organization, name=f"{name} {n}") for n in range(count))


def reads(asked: CaptureQueriesContext) -> list[str]:
    """The statements that read names which are not plain."""
    return [query["sql"] for query in asked if odd_names.ODD in query["sql"]]


def test_a_second_new_name_within_a_minute_reads_none_of_many(
    scim: ScimClient, ines: str, organization: Organization, folded: list[str]
) -> None:
    odd_teams(organization, 2000)
    moved(scim, ines, "Ｃloud")
    named_rows._written_key.cache_clear()
    folded.clear()
    with CaptureQueriesContext(database) as asked:
        moved(scim, ines, "Ｄata")
    assert reads(asked) == []
    assert len(folded) < 10


def test_nor_does_a_filter_by_many_names(
    scim: ScimClient, ines: str, organization: Organization, folded: list[str]
) -> None:
    odd_teams(organization, 2000)
    moved(scim, ines, "Ｃloud")
    named_rows._written_key.cache_clear()
    folded.clear()
    terms = " or ".join(f'{ENTERPRISE}:department eq "Ｂüro {n}"' for n in range(19))
    with CaptureQueriesContext(database) as asked:
        answer = scim.get("/Users?filter=" + quote(f'userName eq "nobody" and ({terms})'))
    assert answer.json()["totalResults"] == 0
    assert reads(asked) == []
    # Each that is found there is compared again.
    assert len(folded) < 80


def test_the_first_of_a_minute_reads_no_more_than_so_many(
    scim: ScimClient,
    ines: str,
    organization: Organization,
    folded: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oldest, so that an identity provider cannot add so many that those of the LMS are passed over."""
    monkeypatch.setattr(odd_names, "FEW", 10)
    monkeypatch.setattr(odd_names, "MOST", 30)
    odd_teams(organization, 200)
    moved(scim, ines, "Cloud")
    assert len(folded) < 50
    moved(scim, ines, "Bu\u0308ro 29")
    assert Learner.objects.get().team == Team.objects.get(name="Büro 29")


def test_nor_names_of_more_than_so_many_letters(
    scim: ScimClient,
    ines: str,
    organization: Organization,
    folded: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One letter of a name may become eighteen."""
    monkeypatch.setattr(odd_names, "FEW_LETTERS", 1_000)
    monkeypatch.setattr(odd_names, "MOST_LETTERS", 3_000)
    odd_teams(organization, 200, LONG * 9)
    moved(scim, ines, "Cloud")
    named_rows._any_key.cache_clear()
    moved(scim, ines, "Data")
    assert len(folded) < 40


def test_no_more_than_so_many_names_are_kept_of_all_customers(
    scim: ScimClient, ines: str, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(odd_names, "FEW", 10)
    monkeypatch.setattr(odd_names, "KEPT", 70)
    others = Customer.make()
    theirs = others.scim.post("/Users", person("rui.sousa")).json()["id"]
    statements = []
    for one in (organization, others.organization):
        odd_teams(one, 40)
    for client, whom, name in (
        (scim, ines, "Cloud"),
        (others.scim, theirs, "Cloud"),
        (others.scim, theirs, "Data"),
        (scim, ines, "Data"),
    ):
        with CaptureQueriesContext(database) as asked:
            moved(client, whom, name)
        statements.append(len(reads(asked)))
    assert statements == [2, 2, 0, 2]


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Ten names are many, and a minute passes when it is told to."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(odd_names, "FEW", 10)
    monkeypatch.setattr(odd_names, "monotonic", lambda: clock.now)
    return clock


def test_what_the_lms_makes_is_found_in_every_spelling_a_minute_later(
    scim: ScimClient, ines: str, organization: Organization, minutes: SimpleNamespace
) -> None:
    odd_teams(organization, 20)
    moved(scim, ines, "Cloud")
    made = Team.objects.create(organization=organization, name="Café")
    minutes.now += 61
    moved(scim, ines, "Cafe\u0301")
    assert Learner.objects.get().team == made


@pytest.mark.usefixtures("minutes")
def test_what_it_makes_is_found_at_once_as_it_is_written(
    scim: ScimClient, ines: str, organization: Organization
) -> None:
    odd_teams(organization, 20)
    moved(scim, ines, "Cloud")
    made = Team.objects.create(organization=organization, name="Café")
    moved(scim, ines, "CAFÉ")
    assert Learner.objects.get().team == made


@pytest.mark.usefixtures("minutes")
def test_what_was_made_for_a_name_within_the_minute_is_found_in_every_spelling(
    scim: ScimClient, ines: str, organization: Organization
) -> None:
    """Whichever process has made it."""
    odd_teams(organization, 20)
    moved(scim, ines, "Cloud")
    for name in ("Café", "Data", "Cafe\u0301", "Cafe\u0301  ".upper()):
        moved(scim, ines, name)
    assert Team.objects.filter(name__startswith="C").count() == 2
    assert Learner.objects.get().team == Team.objects.get(name="Café")


@pytest.mark.usefixtures("minutes")
def test_a_team_renamed_within_the_minute_is_not_meant_by_its_former_name(
    scim: ScimClient, ines: str, organization: Organization
) -> None:
    odd_teams(organization, 20)
    moved(scim, ines, "Cloud")
    Team.objects.filter(name="Büro 3").update(name="Lager 3")
    Team.objects.filter(name="Büro 4").delete()
    for name in ("Bu\u0308ro 3", "Bu\u0308ro 4"):
        moved(scim, ines, name)
        assert Learner.objects.get().team == Team.objects.get(name=name)


@pytest.mark.usefixtures("minutes")
def test_a_filter_finds_nobody_in_a_team_renamed_within_the_minute(
    scim: ScimClient, ines: str, organization: Organization
) -> None:
    odd_teams(organization, 20)
    moved(scim, ines, "Büro 3")
    moved(scim, ines, "Cloud")
    Learner.objects.update(team=Team.objects.get(name="Büro 4"))
    wanted = "/Users?filter=" + quote(f'{ENTERPRISE}:department eq "Bu\u0308ro 4"')
    assert scim.get(wanted).json()["totalResults"] == 1
    Team.objects.filter(name="Büro 4").update(name="Lager 4")
    assert scim.get(wanted).json()["totalResults"] == 0


def test_while_one_request_reads_them_anew_the_others_have_what_was_kept(
    scim: ScimClient,
    ines: str,
    organization: Organization,
    minutes: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd_teams(organization, 20)
    moved(scim, ines, "Cloud")
    rows = NamedRows(Team, "name", {"organization_id": organization.pk})
    original, others = odd_names._by_key, []

    def meanwhile(*arguments: Any) -> Any:
        with CaptureQueriesContext(database) as asked:
            NamedRows(Team, "name", rows.scope).spelled_otherwise("Data")
        others.append(len(reads(asked)))
        return original(*arguments)

    monkeypatch.setattr(odd_names, "_by_key", meanwhile)
    minutes.now += 61
    rows.spelled_otherwise("Ops")
    assert others == [0, 0]


@pytest.fixture
def remembers_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name only the beginning is remembered, as of one of 255 letters and more."""
    monkeypatch.setattr(named_rows, "NAME_LENGTH", 20)


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
