"""Who is who, who comes back, who is left alone, and what a DELETE does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import Q

from scim_provisioning.models import OnDelete, SCIMConnection
from scim_provisioning.provisioning.verdicts import Finding, Verdict
from scim_provisioning.rules import choices
from tests.behaviours.mutant import answers, mutants


def inherits_by_one_identifier(original: Any) -> Any:
    def history(connection: Any, document: Any) -> Any:
        found = original(connection, document)
        return replace(found, tombstone=found.tombstone or next(iter(found.earlier), None))

    return history


def links_against_the_policy(original: Any) -> Any:
    def adopted(adapter: Any, document: Any, *known: Any, **named: Any) -> Any:
        strong = [candidate for candidate in adapter.find_learner(document) if candidate.strong]
        return strong[0].user if len(strong) == 1 else original(adapter, document, *known, **named)

    return adopted


def erases_other_customers_people(original: Any) -> Any:
    def erases(adapter: Any) -> bool:
        choice = choices.in_force(SCIMConnection.on_delete, adapter.connection, type(adapter))
        return choice is OnDelete.ERASE

    return erases


def takes_the_address_for_the_name(original: Any) -> Any:
    def look_for(adapter: Any, scim_user: Any) -> None:
        found = adapter._named_or_addressed(adapter._sign_in_name(scim_user), adapter.work_address(scim_user))
        adapter.know_holders(adapter._sign_in_name(scim_user), found)

    return look_for


_HOSTS = "tests/hosts/"
_IDENTITY = "tests/http/test_identity.py::"
_EVIDENCE = "tests/http/test_evidence.py::"
_ADDRESS = "tests/http/test_same_address.py::"
_MANAGERS = "tests/http/test_awaited_managers.py::"
_AT_ONCE = "tests/faults/test_names_at_once.py::"
_POLICIES = "tests/http/test_policies.py::"

MUTANTS = mutants(
    (
        "the same address is asked about",
        "rules.identity:_refuse_same_address",
        answers(None),
        f"{_ADDRESS}test_who_is_here_under_another_name_is_asked_about_and_keeps_her_progress_once_she_is_linked",
    ),
    (
        "the address of who is managed or has left is nobody's evidence",
        "adapters.same_address:unmanaged provisioning.evidence:unmanaged",
        lambda unmanaged: lambda accounts: accounts,
        f"{_ADDRESS}test_an_account_that_somebody_has_or_had_and_another_customers_are_nobodys_to_ask_about",
    ),
    (
        "the address is asked for with the name",
        "adapters.same_address:HostAddresses.look_for",
        answers(None),
        f"{_ADDRESS}test_the_address_is_asked_for_together_with_the_name",
    ),
    (
        "who has the address has not got the name",
        "adapters.same_address:HostAddresses.look_for",
        takes_the_address_for_the_name,
        f"{_ADDRESS}test_an_account_that_somebody_has_or_had_and_another_customers_are_nobodys_to_ask_about",
    ),
    (
        "scim_adopt warns of the same address",
        "provisioning.evidence:_Asked._new",
        lambda new: lambda asked, document, adapter: Verdict(document, Finding.NOBODY),
        f"{_ADDRESS}test_scim_adopt_says_what_a_post_does",
    ),
    (
        "userName regardless of case",
        "protocol.text:fold",
        lambda fold: lambda text: text,
        "tests/http/test_names.py::test_name_in_another_case_is_the_same_name",
    ),
    (
        "somebody deleted comes back",
        "rules.past:history",
        lambda history: lambda *arguments: replace(history(*arguments), tombstone=None),
        f"{_IDENTITY}test_somebody_who_comes_back_gets_her_id_her_learner_and_her_progress_back",
    ),
    (
        "nobody inherits another's past",
        "rules.past:history",
        inherits_by_one_identifier,
        f"{_IDENTITY}test_somebody_who_agrees_in_one_identifier_only_inherits_nothing",
    ),
    (
        "the name of somebody inactive is taken",
        "models.provisioned_user:ProvisionedUser.is_deleted",
        lambda is_deleted: lambda link: is_deleted(link) or not link.active,
        f"{_IDENTITY}test_name_of_a_living_link_is_409_whether_active_or_not",
    ),
    (
        "a taken name is 409",
        "adapters.database_errors:is_collision",
        answers(False),
        f"{_IDENTITY}test_renaming_to_the_name_of_a_living_link_is_409",
    ),
    (
        "a name that somebody took in the meantime is asked for again",
        "adapters.adapter:LearnerAdapter._was_overtaken",
        answers(False),
        f"{_AT_ONCE}test_a_name_that_somebody_takes_after_it_was_found_free_is_asked_for_again",
    ),
    (
        "protected accounts are left alone",
        "rules.protection:protect",
        answers(None),
        f"{_IDENTITY}test_protected_account_is_not_changed_switched_off_or_deleted",
    ),
    (
        "the last administrator of a customer is not let go",
        "rules.protection:_is_last",
        answers(False),
        "tests/http/test_last_administrator.py::test_the_last_administrator_is_let_go_by_no_verb",
    ),
    (
        "an account of another customer's keeps its name",
        "adapters.accounts:HostAccounts.account_name",
        lambda account_name: lambda adapter, user_name: user_name,
        f"{_IDENTITY}test_name_that_an_account_of_another_customer_holds_gets_a_suffix_and_is_returned_as_sent",
    ),
    (
        "whether another customer has a look-alike is not to be found out",
        "protocol.spelling:stand_ins",
        answers(""),
        f"{_EVIDENCE}test_whether_another_customer_has_what_a_name_looks_like_is_not_to_be_found_out",
    ),
    (
        "accents written otherwise are the same name",
        "protocol.spelling:compositions",
        lambda compositions: lambda text: (text,),
        f"{_EVIDENCE}test_accents_written_otherwise_are_the_name_of_another_customer_as_any_is",
    ),
    (
        "a new name has no blank around it",
        "rules.legibility:legible",
        answers(None),
        "tests/http/test_names.py::test_a_blank_around_a_new_name_is_refused_by_every_verb_and_told",
    ),
    (
        "DELETE keeps the learner",
        "adapters.adapter:LearnerAdapter.delete",
        lambda delete: lambda adapter: adapter.obj.delete(),
        f"{_IDENTITY}test_somebody_who_comes_back_gets_her_id_her_learner_and_her_progress_back",
    ),
    (
        "strong evidence does not link where the policy is never to",
        "rules.identity:adopted",
        links_against_the_policy,
        f"{_POLICIES}test_with_refuse_strong_evidence_is_answered_like_weak",
    ),
    (
        "nobody is erased whom another connection manages",
        "rules.choices:erases",
        erases_other_customers_people,
        f"{_POLICIES}test_nobody_is_erased_whom_another_connection_manages",
    ),
    (
        "an erasure is a choice",
        "rules.choices:erases",
        answers(True),
        f"{_POLICIES}test_delete_only_deactivates_unless_the_policy_says_otherwise",
    ),
    (
        "a tombstone of somebody erased has no account",
        "provisioning.links:strip_tombstone",
        answers(None),
        f"{_POLICIES}test_with_erase_a_delete_deactivates_logs_erases_and_leaves_a_tombstone_without_account",
    ),
    (
        "nobody is called active whose profile the host hides",
        "adapters.accounts:HostAccounts._is_out_of_sight",
        answers(False),
        "tests/http/test_hidden_profile.py::test_nobody_returns_whose_profile_stays_hidden",
    ),
    (
        "a deleted person's account steps aside for whoever is given the name",
        "provisioning.earlier:free_names",
        answers(None),
        f"{_IDENTITY}test_a_deleted_persons_account_steps_aside_for_somebody_who_is_given_her_name",
    ),
    (
        "a rename to a deleted person's name is asked about",
        "provisioning.earlier:ask",
        answers(None),
        f"{_IDENTITY}test_a_deleted_persons_account_steps_aside_for_somebody_who_is_given_her_name",
    ),
    (
        "an account that another connection uses keeps its name",
        "provisioning.earlier:_is_in_use",
        answers(False),
        f"{_IDENTITY}test_a_deleted_persons_account_that_another_connection_uses_keeps_its_name",
    ),
    (
        "a request gives a returning manager to a hundred people",
        "provisioning.managers:Allowance",
        lambda Allowance: lambda: Allowance(10**6),
        f"{_MANAGERS}test_a_request_gives_a_manager_to_a_hundred_people_and_the_command_to_the_others",
    ),
    (
        "nobody waits for their manager for ever",
        "provisioning.managers:_give_each",
        answers(0),
        f"{_MANAGERS}test_a_request_gives_a_manager_to_a_hundred_people_and_the_command_to_the_others",
    ),
    (
        "whoever has gone in the meantime is given no manager",
        "provisioning.managers:_waits_for",
        answers(True),
        f"{_MANAGERS}test_whoever_is_deleted_in_the_meantime_stays_deleted_and_can_return",
    ),
    (
        "a connection that shares an account leaves its manager alone",
        "adapters.person:Person.owns",
        answers(True),
        f"{_MANAGERS}test_a_connection_that_shares_an_account_does_not_write_its_manager",
    ),
    (
        "whom the owner has let go no guest lets in again",
        "rules.ownership:refuse_left",
        answers(None),
        f"{_HOSTS}test_access.py::test_whom_the_owner_has_let_go_a_guest_lets_in_again_only_after_somebody_has_said_so",
    ),
    (
        "a word that was said before the owner left is used up",
        "rules.departed:left_by",
        answers(None),
        f"{_HOSTS}test_sharing.py::"
        "test_a_guest_of_nobodys_account_is_let_in_again_neither_withdrawn_nor_after_the_owner_has_left",
    ),
    (
        "a share that is withdrawn ends the guest's link",
        "administration.shares:link_of",
        answers(None),
        f"{_HOSTS}test_sharing.py::test_a_share_that_is_withdrawn_is_over_and_the_account_stays_its_owners",
    ),
    (
        "only who sees both sides withdraws a share",
        "administration.shares:sees",
        answers(True),
        "tests/admin/test_withdrawn_shares.py::test_who_sees_one_side_only_withdraws_nothing",
    ),
    (
        "reads count no customer that the learner was moved from",
        "adapters.customers:moved_here",
        answers(Q(pk__in=())),
        "tests/http/test_kept_on_by_whom.py::"
        "test_a_customer_that_the_learner_was_moved_from_keeps_nobody_on_for_reads_either",
    ),
)
