"""The contract notices: of each broken adapter the test fails that says what broke, in words for its developer.

The contract is run as a host runs it, by pytest in a process of its own: the test that notices, and for hosts
without a fault every test that there is.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scim_provisioning.testing import AdapterContract
from tests.processes import run_pytest
from tests.testing import contracts_to_run
from tests.testing.broken_adapters import PicksByCustomer

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
        "LocksLeavers",
        "test_somebody_who_returns_has_the_same_id_and_account",
        "Somebody who returned has no access, says has_access()",
    ),
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
SOUND = ["MapsLittle", "DemandingWithSamples", "PicksByCustomer", "LeavesForGood"]


def outcomes(folder: Path, *tests: str) -> dict[tuple[str, str], str]:
    """What became of tests, by adapter and name: "" where one passed, else what it said."""
    report = folder / "report.xml"
    names = [f"{FILE}::Test{test}" for test in tests]
    done = run_pytest("contract", f"--junitxml={report}", *names)
    assert report.exists(), done.stdout[-3000:] + done.stderr[-2000:]
    found = {
        (case.attrib["classname"].rpartition(".Test")[2], case.attrib["name"]): "\n".join(
            outcome.get("message", "") for outcome in case if outcome.tag in ("failure", "error")
        )
        for case in ElementTree.parse(report).iter("testcase")  # noqa: S314 - our own file
    }
    assert found, done.stdout[-3000:] + done.stderr[-2000:]
    return found


@pytest.mark.long
def test_each_broken_adapter_fails_the_test_that_says_what_broke(tmp_path: Path) -> None:
    found = outcomes(tmp_path, *(f"{adapter}::{test}" for adapter, test, _said in NOTICED))
    missed = {
        (adapter, test): found.get((adapter, test))
        for adapter, test, said in NOTICED
        if said not in found.get((adapter, test), "")
    }
    assert missed == {}


@pytest.mark.long
def test_adapters_that_lack_or_demand_much_pass_every_test_that_there_is(tmp_path: Path) -> None:
    found = outcomes(tmp_path, *SOUND)
    assert {name: said for name, said in found.items() if said} == {}
    assert min(Counter(adapter for adapter, _test in found).values()) > 60


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


def test_a_mapping_that_differs_from_customer_to_customer_has_to_be_named() -> None:
    with pytest.raises(AssertionError, match=r"set TestUnnamed\.mapping to the list"):
        type("TestUnnamed", (contracts_to_run._Contract,), {"adapter": PicksByCustomer})
