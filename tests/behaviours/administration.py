"""What administrators see, search and confirm, and what a report of a failure shows."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Q

from scim_provisioning.models import SCIMConnection
from tests.behaviours.mutant import answers, is_instead, mutants

_MASKED = "tests/admin/test_masked_values.py::"
_CONFIRMATION = "tests/admin/test_confirmation.py::"
_REPORTS = "tests/http/test_error_reports.py::"
_PEOPLE = "tests/admin/test_people.py::"
_FORGET = "tests/test_scim_forget.py::"
_NOT_MANAGED = "tests/admin/test_people_not_managed.py::"

_BY_WHOM = "tests/admin/test_found_by_whom.py::"

MUTANTS = mutants(
    (
        "whom an administrator has to weigh is not linked with others at once",
        "administration.adoption.at_once:risks_of",
        answers(()),
        "tests/admin/test_adoption_queue.py::test_whom_an_administrator_has_to_weigh_is_not_linked_at_once",
    ),
    (
        "whom the LMS has moved is not found by what they are called there",
        "administration.people.search:still_customers administration.log_search:still_customers",
        lambda still_customers: list,
        f"{_BY_WHOM}test_whom_the_lms_has_moved_is_not_found_by_what_they_are_called_there",
    ),
    (
        "a file of any size is not one request's",
        "admin.export_form:_ROWS",
        is_instead(None),
        "tests/admin/test_adoption_page.py::test_a_file_that_is_too_much_for_one_request_is_refused_in_words",
    ),
    (
        "what another administrator has changed too is not overwritten",
        "administration.as_shown:refuse_overtaken",
        answers(None),
        "tests/admin/test_policy_pages.py::test_what_somebody_else_has_changed_too_is_said_and_nothing_is_written",
    ),
    (
        "of a page of policies what was changed is written",
        "admin.choices_shown:ChoicesShown.changed",
        lambda changed: lambda form, chosen: dict(chosen),
        "tests/admin/test_policy_pages.py::test_what_somebody_else_chooses_while_the_page_is_open_stays",
    ),
    (
        "an address is not told who may not see values",
        "admin.adoption:_sees_values",
        answers(True),
        "tests/admin/test_adoption_page.py::test_who_may_not_see_values_gets_no_address_and_by_one_no_name",
    ),
    (
        "another customer's account is given by who sees both",
        "administration.ownership:_is_theirs",
        answers(True),
        "tests/admin/test_ownership_seen_by_whom.py::"
        "test_once_the_owner_has_let_go_another_customers_guest_is_given_the_account_by_who_sees_both",
    ),
    (
        "who is forgotten is not named in other people's rows",
        "administration.erasure.lines:mentioning",
        answers(None),
        f"{_FORGET}test_nothing_of_a_person_who_was_forgotten_stands_in_any_table",
    ),
    (
        "a namesake's name is theirs, whoever is forgotten",
        "administration.erasure.links:_called",
        answers(set()),
        f"{_FORGET}test_a_namesake_who_was_hired_later_keeps_everything",
    ),
    (
        "an active learner is not forgotten by mistake",
        "administration.erasure:is_active",
        answers(False),
        f"{_FORGET}test_an_active_learner_is_forgotten_only_where_that_is_said",
    ),
    (
        "two customers' pseudonyms of one person differ",
        "events.pseudonyms:_hashed",
        lambda hashed: lambda connection, value, secret: hashed(0, value, secret),
        f"{_FORGET}test_another_customers_person_of_the_same_name_is_not_touched",
    ),
    (
        "people of other connections are not found",
        "administration.people.search:find",
        lambda find: lambda term, own, in_clear: find(term, SCIMConnection.objects.all(), in_clear=in_clear),
        f"{_PEOPLE}test_nobody_of_another_customers_connection_is_found_or_hinted_at",
    ),
    (
        "the beginning of a name is found by those who may see values",
        "administration.people.search:find",
        lambda find: lambda term, connections, in_clear: find(term, connections, in_clear=True),
        f"{_PEOPLE}test_who_may_not_see_values_finds_whole_words_only_and_is_shown_none",
    ),
    (
        "a name is found without its accents",
        "protocol.accents:_accented",
        answers({}),
        "tests/admin/test_people_accents.py::test_a_learner_is_found",
    ),
    (
        "accounts are looked for where the host says whose they are",
        "administration.people.accounts:names_customer",
        answers(True),
        f"{_NOT_MANAGED}test_where_the_host_does_not_say_whose_accounts_are_none_is_shown",
    ),
    (
        "whom a connection out of sight manages is nobody's to find",
        "administration.people.accounts:_is_free",
        answers(Q()),
        f"{_NOT_MANAGED}test_whom_a_connection_out_of_sight_manages_is_not_found",
    ),
    (
        "nobody is offered to be taken back whom somebody has followed",
        "administration.people.returning:_successors",
        answers({}),
        "tests/admin/test_people_decided.py::"
        "test_nothing_is_taken_back_of_whoever_is_followed_by_somebody_of_their_name",
    ),
    (
        "people who were refused are found by what was sent",
        "events.sent_names:remember",
        answers(None),
        f"{_PEOPLE}test_somebody_who_was_refused_is_found_by_any_part_of_what_was_sent",
    ),
    (
        "who was refused and is here now is answered as who is here",
        "administration.people.search:_here_now",
        answers({}),
        f"{_PEOPLE}test_whoever_was_refused_and_is_here_now_has_an_account",
    ),
    (
        "the database's sentence is a value",
        "administration.log_words:explanation",
        lambda explanation: lambda event, in_clear: explanation(event, in_clear=True),
        "tests/admin/test_log.py::test_what_the_database_said_is_masked_without_view_payload",
    ),
    (
        "a list is asked what its filters ask, and no more",
        "admin.scoped:ConnectionScopedAdmin.lookup_allowed",
        answers(True),
        f"{_MASKED}test_no_condition_but_those_of_the_filters_is_asked_of_the_log",
    ),
    (
        "a refusal's own words are a value",
        "administration.log_words:detail",
        lambda detail: lambda event, in_clear: detail(event, in_clear=True),
        f"{_MASKED}test_a_refusal_is_told_without_values",
    ),
    (
        "a path that a client wrote may be a value",
        "administration.log_words:path",
        lambda path: lambda event, in_clear: path(event, in_clear=True),
        f"{_MASKED}test_a_refusal_is_told_without_values",
    ),
    (
        "names that a client made up may be values",
        "administration.log_words:made_up",
        lambda made_up: lambda name: name,
        f"{_MASKED}test_the_mapping_page_names_paths_without_values",
    ),
    (
        "what may not be seen cannot be spelled out by searching",
        "administration.log_search:matching",
        lambda matching: lambda term, connections, in_clear: matching(term, connections, in_clear=True),
        f"{_MASKED}test_names_and_addresses_cannot_be_spelled_out_by_searching",
    ),
    (
        "the log opens for those for whom the API opens",
        "administration.permissions:may_read_log",
        lambda original: lambda user: user.has_perm("scim_provisioning.view_provisioningevent"),
        f"{_MASKED}test_the_log_opens_for_those_for_whom_the_api_opens",
    ),
    (
        "another customer's connection is none of one's business",
        "administration.permissions:sees",
        answers(True),
        "tests/admin/test_panel.py::test_the_panel_tells_nothing_of_a_connection_that_this_person_does_not_see",
    ),
    (
        "a session is fresh by its own sign-in",
        "administration.sign_in:of",
        lambda of: lambda request: replace(of(request), at=request.user.last_login),
        f"{_CONFIRMATION}test_a_session_of_yesterday_is_not_fresh_because_its_owner_signed_in_elsewhere",
    ),
    (
        "a session that guesses is closed",
        "administration.confirmations:SESSION_ATTEMPTS",
        is_instead(1000),
        f"{_CONFIRMATION}test_a_session_that_guesses_is_closed_and_losing_the_cache_does_not_open_it",
    ),
    (
        "an account of which many sessions guess is closed",
        "administration.confirmations:ACCOUNT_ATTEMPTS",
        is_instead(1000),
        f"{_CONFIRMATION}test_many_sessions_that_guess_close_the_account_for_all_that_began_before",
    ),
    (
        "a guess of somebody else's shuts no owner out",
        "administration.confirmations:Counter._began_after",
        answers(False),
        f"{_CONFIRMATION}test_many_sessions_that_guess_close_the_account_for_all_that_began_before",
    ),
    (
        "frames of a failure are emptied",
        "events.reports:_empty",
        answers(None),
        f"{_REPORTS}test_a_failure_is_reported_without_the_person_the_password_and_the_token",
    ),
    (
        "what an exception repeats of the request is cut out",
        "events.reports:_mention",
        answers(None),
        f"{_REPORTS}test_a_failure_is_reported_without_the_person_the_password_and_the_token",
    ),
    (
        "a report shows no variable and no form field",
        "events.reports:keep_quiet",
        answers(None),
        f"{_REPORTS}test_an_administrators_password_and_the_payload_they_tried_stay_out_of_reports",
    ),
    (
        "a mail about a failed search has no filter in it",
        "events.reports:forget_query",
        answers(None),
        f"{_REPORTS}test_a_failed_search_is_reported_without_its_filter",
    ),
)
