"""What a guest, a name alone and a customer who has lost somebody do not get of an account."""

from __future__ import annotations

from typing import Any

from django.db.models import Value

from scim_provisioning.administration.log_export import rows
from scim_provisioning.rules.shares import shares
from tests.behaviours.mutant import answers, is_instead, mutants

_PAST = "tests/http/test_whose_past.py::"
_GIVEN_ON = "tests/admin/test_given_on_by_whom.py::"


def never_used(original: Any) -> Any:
    return lambda connection: shares(connection).annotate(is_used=Value(False))


_OWNER = "tests/admin/test_after_the_owner.py::"


def of_their_own(taken_out: Any) -> Any:
    """Whom another connection's administrator has taken out is taken in again by itself."""
    return lambda standing, taken, account: taken.connection_id == standing.connection.pk


_KEYS = "tests/admin/test_whom_keys_lead_to.py::"


def the_account_alone(events: Any, account: int | None) -> set[str]:
    """Of accounts that became one only the last."""
    return {str(account)}


MUTANTS = mutants(
    (
        "what accounts were called that became one by several joins is forgotten with their person",
        "administration.erasure.lines:_made_one",
        is_instead(the_account_alone),
        f"{_KEYS}test_nor_where_they_became_one_by_several_joins",
    ),
    (
        "to take a link back lets nobody in whom the owner had let go",
        "provisioning.undoing:left_by",
        answers(None),
        f"{_OWNER}test_to_take_the_heirs_link_back_lets_nobody_in_whom_the_owner_had_let_go",
    ),
    (
        "who may not see values reads nobody by walking through keys",
        "administration.adoption.doubles:is_brought_up",
        answers(True),
        f"{_KEYS}test_walking_through_keys_shows_nobody_whom_nothing_leads_to",
    ),
    (
        "what a joined account was called is forgotten with its person",
        "administration.erasure.lines:joined",
        answers([]),
        f"{_KEYS}test_of_accounts_joined_before_anybody_managed_them_no_name_is_left_once_their_person_is_forgotten",
    ),
    (
        "a guest's link ends with the word by which it was there",
        "provisioning.withdrawing:_switches_account",
        answers(False),
        f"{_OWNER}test_a_guest_switches_nobody_off_whom_the_owner_has_given_back_to_the_application",
    ),
    (
        "no guest's PATCH lets somebody in whom the owner has let go",
        "rules.ownership:refuse_left",
        answers(None),
        f"{_OWNER}test_no_patch_of_a_guests_lets_somebody_in_whom_the_owner_has_deleted",
    ),
    (
        "who shared an account before its owner was detached is no way back",
        "rules.ownership:_is_ownerless",
        answers(False),
        f"{_OWNER}test_a_guest_who_left_before_the_owner_is_no_way_back_either",
    ),
    (
        "whom another connection has let go is not switched on by undoing an adoption",
        "rules.departed:was_left_by_another",
        answers(False),
        "tests/admin/test_adoption_undone.py::test_whom_another_connection_has_let_go_since_is_not_switched_on_by_it",
    ),
    (
        "whom an administrator has detached no other connection takes by itself",
        "rules.standing:Standing._concerns_us",
        of_their_own,
        f"{_OWNER}test_whom_an_administrator_has_detached_no_other_connection_of_the_customer_takes_by_itself",
    ),
    (
        "nobody is signed out by what is merely tried",
        "databases.rehearsals:is_rehearsal",
        answers(False),
        "tests/test_trial.py::test_nobody_is_signed_out_by_a_departure_that_is_tried",
    ),
    (
        "a look at who is forgotten is bounded",
        "administration.erasure.tally:Tally.newest",
        lambda newest: lambda tally, rows, *order: rows,
        "tests/test_scim_forget.py::test_what_a_look_counts_is_bounded_and_said_to_be_the_least",
    ),
    (
        "only refusals that may mention somebody are read",
        "administration.erasure.mentions:among",
        lambda among: lambda rows, columns, identity: rows,
        "tests/test_scim_forget.py::test_of_the_refusals_of_others_only_those_are_read_that_mention_somebody",
    ),
    (
        "what stands here is masked for who may not open the learner",
        "admin.keeping:KeepingPages._may_open",
        answers(True),
        "tests/admin/test_whose_field.py::"
        "test_what_stands_here_is_masked_for_whoever_may_not_open_the_learner_either",
    ),
    (
        "the name that an account steps aside to is nobody's to know",
        "adapters.naming:suffixes",
        lambda suffixes: lambda scim_id: [scim_id[:8]],
        f"{_PAST}test_nobody_who_knows_the_id_takes_the_name_beforehand_that_an_account_is_to_step_aside_to",
    ),
    (
        "a page exports so many operations at most",
        "administration.log_export:latest",
        lambda latest: lambda events, with_values: rows(events, with_values),
        "tests/admin/test_log_export.py::test_a_page_exports_the_latest_and_says_what_writes_the_others",
    ),
    (
        "a connection ends whose SSO settings went by SQL",
        "administration.connections:archive_without_sso_row",
        answers(False),
        "tests/test_notify.py::test_a_connection_whose_sso_settings_went_by_sql_is_ended",
    ),
    (
        "what others were allowed ends with whoever the account was",
        "provisioning.links:_end_words",
        answers(None),
        "tests/admin/test_after_the_owner.py::test_a_guest_who_left_before_the_owner_is_no_way_back_either",
    ),
    (
        "of whom the LMS has moved no value is shown to be locked",
        "administration.suspension:present",
        lambda present: lambda connection: connection.links.living().filter(user__isnull=False),
        "tests/admin/test_after_the_owner.py::test_of_whom_the_lms_has_moved_no_value_is_shown_to_be_locked",
    ),
    (
        "a word that means something else elsewhere stays there",
        "administration.erasure.identity:_KINDS",
        is_instead(frozenset()),
        "tests/test_scim_forget.py::"
        "test_a_word_or_a_number_of_theirs_that_means_something_else_elsewhere_stays_there",
    ),
    (
        "a guest's tombstone says nothing of the account",
        "rules.ownership:owned_alone",
        lambda owned_alone: list,
        f"{_PAST}test_the_tombstone_of_a_guest_makes_no_account_step_aside_and_asks_nobody",
    ),
    (
        "questions of a guest's tombstone are joined by nobody",
        "rules.ownership:owned_alone",
        lambda owned_alone: list,
        f"{_PAST}test_what_a_guest_knows_of_a_deleted_person_is_shown_to_nobody_and_joins_nothing",
    ),
    (
        "a word on an account is about the person who was there",
        "rules.shares:judged_shares",
        never_used,
        f"{_PAST}test_a_word_on_a_shared_account_is_about_the_person_who_was_there",
    ),
    (
        "a name alone brings back nobody who is spelled otherwise",
        "protocol.spelling:same_letters",
        answers(True),
        f"{_PAST}test_without_an_external_id_nobody_returns_whose_name_is_spelled_otherwise",
    ),
    (
        "whoever is linked beforehand is left by those who lost them",
        "provisioning.adopting:_leave",
        answers(None),
        f"{_PAST}test_whoever_is_linked_before_they_are_sent_is_left_by_those_who_lost_them",
    ),
    (
        "whoever returns is left by those who lost them",
        "provisioning.moved:leave_to",
        answers(None),
        f"{_PAST}test_whoever_returns_is_left_by_those_who_lost_them",
    ),
    (
        "who returns has their name back",
        "provisioning.newcomers:take_name_back",
        answers(None),
        f"{_PAST}test_who_returns_has_their_name_back_where_nobody_uses_it",
    ),
    (
        "an account that the LMS has switched on again is in use",
        "provisioning.earlier:_is_in_use",
        answers(False),
        f"{_PAST}test_an_account_that_the_lms_has_switched_on_again_keeps_its_name",
    ),
    (
        "an account is given on by whom it may be taken from alone",
        "administration.ownership:may_give",
        answers(True),
        f"{_GIVEN_ON}test_a_guest_gives_another_customers_account_to_nobody",
    ),
    (
        "an old refusal names an owner who has the account still",
        "administration.ownership:is_lost",
        answers(False),
        f"{_GIVEN_ON}test_an_old_refusal_gives_nobody_the_account_that_the_lms_has_moved_to_another_customer",
    ),
    (
        "what the owner wrote is on no page of a guest's",
        "provisioning.evidence:_Asked._whose",
        lambda _whose: lambda asked, verdicts: verdicts,
        f"{_GIVEN_ON}test_what_the_owner_wrote_is_on_no_page_of_who_may_share",
    ),
    (
        "a file has no more columns than a directory",
        "administration.adoption.csv_export:_MOST_COLUMNS",
        is_instead(10**9),
        "tests/admin/test_adoption_page.py::test_a_file_of_more_columns_than_a_directory_has_is_refused",
    ),
)
