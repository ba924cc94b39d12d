"""Which indexes of the host's are understood, what is said where there is none, and what ``scim_index`` makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import transaction

from example_project.lms.models import Team
from scim_provisioning.adapters.any_case import AnyCase
from scim_provisioning.adapters.case_variants import ascii_lower, ascii_upper, variants
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import name_indexes
from scim_provisioning.checks import TAG, faults
from scim_provisioning.databases import indexes
from scim_provisioning.databases.indexes import Form, NamedColumn
from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.people import ENTERPRISE, person
from tests.plans.explain import gather_statistics, statements

pytestmark = pytest.mark.django_db

User = get_user_model()
NAME = NamedColumn(User._meta.get_field("username"))
TABLE = User._meta.db_table
#: Names that are hard to fold: other cases of one letter, letters that become two, a sigma at the end, Deseret.
HARD = [
    "Kim",
    "\u212aim",
    "\u212bsa",
    "åsa",
    "ÅSA",
    "ß",
    "ẞ",
    "SS",
    "İlk",
    "i̇lk",
    "ilk",
    "ılk",
    "ΟΔΟΣ",
    "οδος",
]
HARD += [
    "οδοσ",
    "ſie",
    "sie",
    "ǅep",
    "ǆep",
    "\U00010400x",
    "\U00010428x",
    "ÉLODIE",
    "élodie",
    "Юлия",
    "юЛИЯ",
    "ana~1_%",
]


@pytest.fixture(autouse=True)
def _looked_at_anew() -> Iterator[None]:
    indexes.forget()
    yield
    indexes.forget()


def make_hard_names() -> list[str]:
    """Accounts of these names, among others; those that a collation takes for one are there once."""
    User.objects.bulk_create([User(username=f"someone.{n}") for n in range(1200)])
    made = []
    for name in HARD:
        if not User.objects.filter(username=name).exists():
            made.append(User.objects.create(username=name).username)
    return made


def run(statement: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(statement)
    indexes.forget()


def found(name: str, *, exactly: bool) -> set[str]:
    rows = User.objects.filter(AnyCase("username", name, exactly=exactly))
    return set(rows.values_list("username", flat=True))


@contextmanager
def without_indexes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(indexes, "for_any_case", lambda *arguments: None)
        yield


def on(key: str) -> str:
    return f"CREATE INDEX in_any_case ON {TABLE} ({key})"


KINDS = {
    "sqlite": {
        "LOWER": ([on('LOWER("username")')], Form.LOWER),
        "UPPER": ([on('upper( "username" ) DESC')], Form.UPPER),
        "NOCASE": ([on('"username" COLLATE NOCASE')], Form.NOCASE),
    },
    "postgresql": {
        "LOWER": ([on('LOWER("username")')], Form.LOWER),
        "LOWER for patterns": ([on('LOWER("username") text_pattern_ops')], Form.LOWER),
        "LOWER by bytes": ([on('LOWER("username") COLLATE "C"')], Form.LOWER),
        "UPPER": ([on('UPPER("username"), id')], Form.UPPER),
        "what was advised once": (
            [on("(COALESCE(LOWER(username::text) COLLATE \"C\", ''))")],
            Form.AS_ASKED,
        ),
        "citext": (
            ["CREATE EXTENSION IF NOT EXISTS citext", f"ALTER TABLE {TABLE} ALTER username TYPE citext"],
            Form.ANY_CASE,
        ),
        "a collation": (
            [
                "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                # Django's index for LIKE goes: such a collation has none.
                "DO $$ DECLARE i text; BEGIN FOR i IN SELECT indexname FROM pg_indexes "
                "WHERE tablename = 'auth_user' AND indexname LIKE '%like' "
                "LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$",
                f"ALTER TABLE {TABLE} ALTER username TYPE varchar(150) COLLATE any_case",
            ],
            Form.ANY_CASE,
        ),
    },
    "mysql": {"a collation": ([], Form.ANY_CASE)},
}.get(database.vendor, {})


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_accounts_are_found_with_an_index_of_any_kind_as_without(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by, form = KINDS[kind]
    for statement in made_by:
        run(statement)
    index = indexes.for_any_case(NAME, database)
    assert index is not None
    assert index.form is form
    hard_names = make_hard_names()
    for name in [*hard_names, *(name.swapcase() for name in hard_names), "nobody", "k" * 12, "İı" * 9]:
        for exactly in (True, False):
            led = found(name, exactly=exactly)
            with without_indexes(monkeypatch):
                assert led == found(name, exactly=exactly), (name, exactly)


@pytest.mark.parametrize("kind", KINDS)
def test_statements_that_are_compiled_once_find_the_same_accounts(
    kind: str, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was compiled for one name is asked of the next; how many spellings a name has shapes the statement."""
    for statement in KINDS[kind][0]:
        run(statement)
    hard_names = make_hard_names()
    for name in [*hard_names, *(name.swapcase() for name in hard_names), "nobody", "nobody.k", "k" * 12]:
        adapter = get_adapter_class()(User(), connection=connection)
        led = {account.get_username() for account in adapter.accounts_named(name)}
        with without_indexes(monkeypatch):
            assert led >= found(name, exactly=False), name


@pytest.mark.parametrize("kind", KINDS)
def test_names_with_letters_of_many_spellings_are_found_by_whoever_asks_first_and_later(
    kind: str, connection: SCIMConnection
) -> None:
    """One statement serves all names of a form: what was asked for the first of them is not asked for the others."""
    for statement in KINDS[kind][0]:
        run(statement)
    adapter = get_adapter_class()(User(), connection=connection)
    made = ["ann", "kim", "mark.kay", "kirk.kek", "kukukuk@\u212alm.example", "Özil", "çelik"]
    User.objects.bulk_create([User(username=f"{name}.{turn}") for name in made for turn in (0, 1)])
    for turn in (0, 1):
        for name in made:
            for asked in (f"{name}.{turn}", f"{name.upper()}.{turn}"):
                for exactly in (True, False):
                    named = {
                        account.get_username() for account in adapter.accounts_named(asked, exactly=exactly)
                    }
                    assert named >= found(asked, exactly=exactly) > set(), asked


NO_USE = {
    "sqlite": [f"{on('LOWER(username)')} WHERE is_active", on("id, LOWER(username)"), on("LOWER(email)")],
    "postgresql": [f"{on('LOWER(username)')} WHERE is_active", on("id, LOWER(username)"), on("LOWER(email)")],
}.get(database.vendor, [])


@pytest.mark.parametrize("statement", NO_USE)
def test_an_index_of_some_rows_of_another_column_or_behind_another_column_does_not_count(
    statement: str,
) -> None:
    run(statement)
    assert indexes.for_any_case(NAME, database) is None


@pytest.mark.parametrize("normal", [ascii_lower, ascii_upper])
def test_every_letter_is_among_the_spellings_of_its_small_form(normal: object) -> None:
    letters = map(chr, [*range(0xD800), *range(0xE000, 0x1F000)])
    for letter in (letter for letter in letters if letter.lower() != letter or letter.upper() != letter):
        spellings, are_whole = variants(f"a{letter}", normal, 64)  # type: ignore[arg-type]
        assert are_whole
        assert normal(f"a{letter}") in spellings  # type: ignore[operator]


def test_of_a_long_name_the_beginnings_are_asked_for() -> None:
    assert variants("юля", ascii_lower, 4) == (["ЮЛ", "Юл", "юЛ", "юл"], False)


# --- what is said, and made


@pytest.fixture
def many(connection: SCIMConnection) -> SCIMConnection:
    """A connection of a host with more accounts than anybody reads in passing."""
    make_hard_names()
    if database.vendor == "postgresql":
        gather_statistics()
    return connection


def messages() -> list[str]:
    found = run_checks(tags=[TAG], databases=["default"])
    return [message.msg for message in found if message.id == faults.NAME_WITHOUT_INDEX.id]


def doctor() -> str:
    out = StringIO()
    with suppress(CommandError):
        call_command("scim_doctor", stdout=out)
    return out.getvalue()


@pytest.mark.skipif(database.vendor == "mysql", reason="its collation finds names in any case")
def test_a_missing_index_is_said_by_check_doctor_and_page_and_made_by_scim_index(
    many: SCIMConnection, admin_client: object
) -> None:
    creating = "Creating somebody reads all accounts (1,2"
    by_address = "Creating somebody, or looking for somebody by emails, reads all accounts (1,2"
    page = f"/admin/scim_provisioning/scimconnection/{many.pk}/change/"
    assert any(f"No index finds username in any case. {creating}" in text for text in messages())
    assert creating in doctor()
    assert " ms)" in doctor()
    shown = admin_client.get(page).content.decode()  # type: ignore[attr-defined]
    assert creating in shown
    assert by_address in shown
    many.policies = {"same_address": "create"}
    many.save()
    assert by_address not in admin_client.get(page).content.decode()  # type: ignore[attr-defined]
    many.policies = {}
    many.save()

    printed = StringIO()
    call_command("scim_index", stdout=printed)
    assert f'CREATE INDEX "{TABLE}_username_any_case" ON "{TABLE}" (LOWER("username"));' in printed.getvalue()
    assert indexes.look_for(NAME, database) is None, "printing makes nothing"

    call_command("scim_index", create=True, stdout=StringIO())
    assert messages() == []
    assert "ok    Names are found by an index\n" in doctor()
    shown = admin_client.get(page).content.decode()  # type: ignore[attr-defined]
    assert creating not in shown
    assert by_address not in shown
    again = StringIO()
    call_command("scim_index", create=True, stdout=again)
    assert again.getvalue() == "Nothing to do: names are found by an index.\n"


def test_of_few_accounts_nothing_is_said(connection: SCIMConnection) -> None:
    if database.vendor == "postgresql":
        gather_statistics()  # of another test's rows there may be some left
    assert messages() == []
    assert "ok    Names are found by an index" in doctor()


@pytest.mark.skipif(database.vendor != "mysql", reason="MariaDB's and MySQL's collations")
def test_where_the_collation_tells_cases_apart_mariadb_is_given_advice(many: SCIMConnection) -> None:
    assert messages() == [
        "No index finds email in any case. Creating somebody, or looking for somebody by emails, reads all accounts "
        f"({name_indexes.wanted()[0].rows:,} rows)."
    ]
    printed = StringIO()
    call_command("scim_index", stdout=printed)
    assert "(`email`);" in printed.getvalue()
    assert "username" not in printed.getvalue()


def test_the_index_is_looked_for_once_a_process(scim: ScimClient) -> None:
    assert scim.post("/Users", person("first.one")).status_code == 201
    with statements() as sent:
        assert scim.post("/Users", person("second.one")).status_code == 201
    assert not [sql for sql in sent if "pg_index" in sql or "pragma_" in sql or "information_schema" in sql]


# --- rows by name


def test_of_rows_with_one_name_the_one_that_is_written_like_it_is_taken_then_the_oldest(
    scim: ScimClient, organization: object
) -> None:
    """Where the host lets two be: MariaDB's collation does not."""
    names = ["SALES", "Sales", " deck"]
    with transaction.atomic():
        for name in names:
            if not Team.objects.filter(organization=organization, name=name).exists():
                Team.objects.create(organization=organization, name=name)
    wanted = {"Sales": "Sales", "sales": "SALES", "SALES": "SALES", "DECK": " deck"}
    for number, (sent, expected) in enumerate(wanted.items()):
        body = person(f"new.{number}", **{ENTERPRISE: {"department": sent}})
        assert scim.post("/Users", body).status_code == 201
        team = User.objects.get(username__startswith=f"new.{number}").learner.team
        assert team.name in {expected, "SALES" if database.vendor == "mysql" else expected}


def test_a_search_of_an_address_finds_whom_the_document_alone_knows(scim: ScimClient) -> None:
    """The index leads to the account's address; a second one is the document's."""
    call_command("scim_index", create=True, stdout=StringIO()) if database.vendor != "mysql" else None
    addresses = [{"type": "work", "value": "Rui@one.example", "primary": True}]
    addresses += [{"type": "work", "value": "rui@two.example"}, {"type": "home", "value": "rui@home.example"}]
    rui = scim.post("/Users", person("rui.sousa", emails=addresses)).json()["id"]
    ana = scim.post(
        "/Users", person("ana.lee", emails=[{"type": "work", "value": "ana@one.example"}])
    ).json()["id"]

    def ids(text: str) -> list[str]:
        answer = scim.post("/Users/.search", {"schemas": [SEARCH], "filter": text})
        return [person["id"] for person in answer.json()["Resources"]]

    assert ids('emails[type eq "work"].value eq "RUI@ONE.example"') == [rui]
    assert ids('emails[type eq "work"].value eq "rui@TWO.example"') == [rui]
    assert ids('emails[type eq "home"].value eq "rui@home.example"') == [rui]
    assert ids('emails[type eq "home"].value eq "rui@one.example"') == []
    assert ids('emails[type eq "work" and value eq "ana@one.example"]') == [ana]
    assert ids('not (emails.value eq "ana@one.example")') == [rui]
    User.objects.filter(email__iexact="ana@one.example").update(email="Ana@lms.example")
    assert ids('emails.value eq "ana@LMS.example"') == [ana]
    assert ids('emails.value eq "ana@one.example"') == []


SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
