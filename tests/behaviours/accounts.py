"""Rows 9 to 19: customers, accounts and sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from scim_provisioning.adapters.accounts import Candidate
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.rules.identity import user_name_taken
from tests.behaviours.mutant import Make, answers, is_instead, mutants
from tests.behaviours.tenants import lists_all_tenants

_IDENTITY = "tests/http/test_identity.py::"
_HOSTILE = "tests/http/test_hostile_input.py::"
_SESSIONS = "tests/http/test_sessions.py::"
_ACCESS = "tests/http/test_access.py::"
_TENANCY = "tests/test_tenancy.py::"


def looks_among_all_customers(original: Any) -> Any:
    return lambda rows, name: original(replace(rows, scope={}), name)


def takes_an_address_for_a_person(original: Any) -> Any:
    def find_learner(adapter: Any, scim_user: Any) -> Any:
        addresses = [email["value"] for email in scim_user.get("emails", ())]
        accounts = get_user_model().objects.filter(email__in=addresses)
        return [Candidate(account, strong=True) for account in accounts] or original(adapter, scim_user)

    return find_learner


def takes_a_name_for_a_person(original: Any) -> Any:
    def find_learner(adapter: Any, scim_user: Any) -> Any:
        return [replace(candidate, strong=True) for candidate in original(adapter, scim_user)]

    return find_learner


def wants_each_external_id_once(original: Any) -> Any:
    def history(connection: Any, document: Any) -> Any:
        same = ProvisionedUser.objects.living().filter(connection=connection)
        if same.filter(external_id=document.get("externalId", "")).exists():
            raise user_name_taken()
        return original(connection, document)

    return history


def finds_by_the_external_id(original: Any) -> Any:
    def read(caller: Any, scim_id: Any) -> Any:
        named = ProvisionedUser.objects.filter(connection=caller.tenant, external_id=scim_id).first()
        return original(caller, named.scim_id if named else scim_id)

    return read


def moves(moment: Callable[[Any], tuple[Any, str]]) -> Make:
    """Write a column that no mapping names."""

    def make(original: Any) -> Any:
        def write(adapter: Any, document: Any) -> None:
            original(adapter, document)
            row, column = moment(adapter)
            setattr(row, column, (getattr(row, column) or timezone.now()) - timedelta(days=1))

        return write

    return make


def makes_admins_of_admins(original: Any) -> Any:
    def write(adapter: Any, document: Any) -> None:
        original(adapter, document)
        if any(role.get("value") == "admin" for role in document.get("roles", ())):
            adapter.obj.is_staff = True

    return write


def revokes_afterwards(original: Any) -> Any:
    def end_access(adapter: Any, event: Any = None) -> None:
        transaction.on_commit(lambda: original(adapter, event))

    return end_access


MUTANTS = mutants(
    (
        "nobody of a single sign-on is sent a link to a new password",
        "sso:may_reset_password",
        answers(True),
        "tests/http/test_may_reset_password.py::"
        "test_the_three_steps_by_which_an_account_was_taken_over_end_without_a_password",
    ),
    # --- 10
    (
        "a filter stays inside the tenant",
        "adapters.reading:joined_links",
        lists_all_tenants,
        "tests/http/test_queries.py::test_a_filter_never_reaches_past_the_tenant",
    ),
    # --- 11
    (
        "a company is looked up among the customer's own",
        "adapters.kinds.named_rows:NamedRows.find",
        looks_among_all_customers,
        f"{_HOSTILE}test_company_of_another_customer_is_not_reached_by_its_name",
    ),
    (
        "teams of one name are as many as customers",
        "adapters.kinds.named_rows:NamedRows.find",
        looks_among_all_customers,
        f"{_TENANCY}test_teams_and_companies_of_one_name_are_two",
    ),
    # --- 12
    (
        "an address is no evidence",
        "adapters.accounts:HostAccounts.find_learner",
        takes_an_address_for_a_person,
        f"{_HOSTILE}test_account_is_not_taken_over_by_its_address",
    ),
    (
        "a name is weak evidence",
        "adapters.accounts:HostAccounts.find_learner",
        takes_a_name_for_a_person,
        f"{_IDENTITY}test_account_of_the_same_customer_that_nobody_provisioned_is_409_and_stays_as_it_is",
    ),
    # --- 13
    (
        "an externalId may repeat",
        "rules.past:history",
        wants_each_external_id_once,
        f"{_IDENTITY}test_external_id_is_opaque_text_that_may_repeat",
    ),
    (
        "an externalId is no id",
        "provisioning.showing:read",
        finds_by_the_external_id,
        f"{_HOSTILE}test_external_id_names_nobody_here",
    ),
    # --- 14
    (
        "of an account nothing is written that no mapping names",
        "adapters.adapter:LearnerAdapter.write",
        moves(lambda adapter: (adapter.obj, "date_joined")),
        "tests/test_hardening.py::test_what_no_mapping_names_is_never_written",
    ),
    (
        "of a profile nothing is written that no mapping names",
        "adapters.adapter:LearnerAdapter.write",
        moves(lambda adapter: (adapter.learner, "joined_at")),
        "tests/test_hardening.py::test_what_no_mapping_names_is_never_written",
    ),
    # --- 15
    (
        "what decides who may do what cannot be mapped",
        "adapters.kinds.targets:FORBIDDEN_TARGETS",
        is_instead(frozenset()),
        "tests/checks/test_adapter.py::test_a_target_that_decides_who_may_do_what",
    ),
    (
        "a role means nothing",
        "adapters.adapter:LearnerAdapter.write",
        makes_admins_of_admins,
        f"{_IDENTITY}test_nothing_that_scim_can_send_makes_anybody_staff",
    ),
    # --- 16
    (
        "a protected account is never adopted",
        "rules.identity:_is_free rules.identity:refuse_protected",
        answers(True),
        f"{_IDENTITY}test_protected_account_is_never_adopted",
    ),
    # --- 18
    (
        "access ends with active",
        "adapters.adapter:LearnerAdapter.set_active",
        answers(None),
        f"{_ACCESS}test_access_ends_at_the_next_request",
    ),
    (
        "a session of before stays dead",
        "sessions:end adapters.adapter:LearnerAdapter._renew_session_hash",
        answers(0),
        f"{_ACCESS}test_a_cookie_from_before_stays_dead_after_the_return",
    ),
    (
        "a session ends with access where a password would keep it",
        "sessions:end",
        answers(0),
        f"{_SESSIONS}test_a_session_from_before_is_dead_after_the_return_and_the_password_is_good",
    ),
    (
        "a session that no server keeps ends with access",
        "adapters.adapter:LearnerAdapter._renew_session_hash",
        answers(None),
        f"{_SESSIONS}test_a_session_of_a_signed_cookie_is_dead_where_there_is_no_password",
    ),
    (
        "other credentials end in the same transaction",
        "provisioning.writing:end_access",
        revokes_afterwards,
        f"{_ACCESS}test_the_hosts_other_credentials_are_ended_in_the_same_transaction",
    ),
    # --- 19
    (
        "single sign-on brings nobody back",
        "sso:may_sign_in",
        answers(True),
        "tests/test_hardening.py::test_whom_the_identity_provider_let_go_may_not_sign_in",
    ),
)
