"""The contract notices: of each broken adapter the test fails that says what broke, in words for its developer.

The contract is run as a host runs it, by pytest in a process of its own: the test that notices, and for hosts
without a fault every test that there is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scim_provisioning.testing import AdapterContract
from tests.testing import contracts_to_run

ROOT = Path(__file__).parents[2]
FILE = "tests/testing/contracts_to_run.py"
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"

#: Adapter, the test that fails, and a piece of what it says.
NOTICED = [
    ("LeaverKeepsAccess", "test_access_ends_in_your_own_table[patch false]", "A leaver keeps access"),
    (
        "LeaverKeepsAccess",
        "test_access_ends_in_your_own_table[put false]",
        "says the column that active is mapped to",
    ),
    ("LeaverKeepsAccess", "test_somebody_created_inactive_has_no_access", "keeps access"),
    ("DeleteKeepsAccess", "test_access_ends_in_your_own_table[delete]", "A leaver keeps access"),
    (
        "DeletesAccounts",
        "test_somebody_who_returns_has_the_same_id_and_account",
        "Do not delete or replace accounts",
    ),
    ("WritesEveryTime", "test_writing_what_was_read_writes_nothing", "write(read())"),
    (
        "WritesEveryTime",
        "test_a_value_lands_in_the_row_and_is_read_back_as_sent[title]",
        "the row holds 'title-000.'",
    ),
    ("WritesWhenRead", "test_reading_and_listing_write_nothing", "Keep read() free of writes"),
    (
        "AsksForEachPerson",
        "test_reading_takes_the_same_number_of_statements_for_many_people",
        "Read nothing in read()",
    ),
    (
        "SeesEverybody",
        "test_another_customer_finds_none_of_our_people[second customer]",
        "answers our person",
    ),
    ("SeesEverybody", "test_another_customer_gets_404_for_our_ids[second customer-read]", "200, not 404"),
    ("ProtectsNobody", "test_a_protected_account_is_left_alone[is_staff-patch false]", "200, not 403"),
    ("ProtectsNobody", "test_a_protected_account_is_left_alone[is_superuser-delete]", "204, not 403"),
    (
        "CallsTheHookItself",
        "test_each_hook_is_called_once_for_its_change_with_learner_and_event[on_updated]",
        "called were ['on_updated', 'on_updated']",
    ),
    ("LetsPeopleSignIn", "test_a_new_account_has_no_password", "super().new_account()"),
    ("Cuts", "test_text_too_long_for_its_column_is_refused_never_cut[title]", "151 were answered 201"),
    ("IgnoresTheRow", "test_the_row_wins_when_your_application_changes_it[title]", "Correct same()"),
    (
        "SharesTeams",
        f"test_the_same_name_at_two_customers_is_two_rows[second customer-{DEPARTMENT}]",
        "within=",
    ),
    ("NothingWritten", "test_the_mapping_has_no_problems", "Write TestNothingWritten.make_connection(self)"),
    (
        "NoSecondCustomer",
        "test_another_customer_finds_none_of_our_people[second customer]",
        "single_customer = True",
    ),
    ("Demanding", f"test_a_change_by_patch_reaches_the_row[{DEPARTMENT}]", "takes only names that exist"),
]
#: Hosts without a fault: they lack what others have, or demand more.
SOUND = ["MapsLittle", "DemandingWithSamples"]


@dataclass(frozen=True)
class Run:
    """What became of each test, by its class and name: "" passed, else what it said."""

    said: dict[tuple[str, str], str]

    def of(self, adapter: str) -> dict[str, str]:
        return {name: said for (host, name), said in self.said.items() if host == adapter}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("contract")
    single = [f"{FILE}::Test{adapter}::{test}" for adapter, test, _said in NOTICED]
    whole = [f"{FILE}::Test{adapter}" for adapter in SOUND]
    report = folder / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--create-db", f"--junitxml={report}", *single, *whole],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{folder / 'lms.sqlite3'}", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-2000:]
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - our own file
    said = {
        (case.attrib["classname"].rpartition(".Test")[2], case.attrib["name"]): "\n".join(
            outcome.get("message", "") for outcome in case if outcome.tag in ("failure", "error")
        )
        for case in cases
    }
    assert said, done.stdout[-3000:] + done.stderr[-2000:]
    return Run(said)


@pytest.mark.parametrize(("adapter", "test", "said"), NOTICED, ids=[f"{a}-{t}" for a, t, _ in NOTICED])
def test_a_broken_adapter_fails_the_test_that_says_what_broke(
    run: Run, adapter: str, test: str, said: str
) -> None:
    assert said in run.of(adapter)[test]


@pytest.mark.parametrize("adapter", SOUND)
def test_a_sound_adapter_passes_every_test_that_there_is(run: Run, adapter: str) -> None:
    outcomes = run.of(adapter)
    assert {name: said for name, said in outcomes.items() if said} == {}
    assert len(outcomes) > 60


def names_of(host: type) -> set[str]:
    """The tests that a host's class has."""
    return {name for name in dir(host) if name.startswith("test_") and getattr(host, name) is not None}


ABOUT_A_MANAGER = {name for name in names_of(AdapterContract) if "manager" in name}
ABOUT_CUSTOMERS = {name for name in names_of(AdapterContract) if "customer" in name} - {
    "test_the_customer_has_the_mapping_that_is_tested"
}


def test_what_a_mapping_lacks_is_not_tested_in_vain() -> None:
    missing = names_of(AdapterContract) - names_of(contracts_to_run.TestMapsLittle)  # type: ignore[attr-defined]
    assert missing == ABOUT_A_MANAGER | {
        "test_a_column_keeps_its_default_when_nothing_is_sent",
        "test_a_person_without_a_required_attribute_is_refused_and_leaves_nothing",
        "test_a_work_address_is_understood_in_every_form",
        "test_an_attribute_that_is_kept_survives_being_cleared",
        "test_the_same_name_at_two_customers_is_two_rows",
    }


def test_a_class_that_maps_more_than_its_parent_has_the_tests_that_the_parent_lacks() -> None:
    more = names_of(contracts_to_run.TestDemandingWithSamples)
    assert more - names_of(contracts_to_run._Contract) == {
        "test_a_person_without_a_required_attribute_is_refused_and_leaves_nothing",
        "test_an_attribute_that_is_kept_survives_being_cleared",
    }


def test_one_customer_for_good_has_no_tests_about_a_second_and_none_that_its_developer_left_out() -> None:
    missing = names_of(contracts_to_run._Contract) - names_of(contracts_to_run.TestSingleCustomer)
    scoped = {"test_the_same_name_at_two_customers_is_two_people_who_leave_apart"}
    assert missing == ABOUT_CUSTOMERS | scoped | {"test_the_mapping_has_no_problems"}
