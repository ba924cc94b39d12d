"""The behaviours that ``mutants.py`` switches off: what each is called, where it is, and the test that must notice.

A mutant is about what somebody may rely on, not about a line. When the code moves, its targets are mended here, a
line each. Switching off is a function that gets what it replaces and returns what stands there instead.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from django.db import IntegrityError, models
from django.db.models import Q
from rest_framework import exceptions

from scim_provisioning.models import OnDelete, ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import errors
from scim_provisioning.protocol.filters import (
    And,
    Comparison,
    Not,
    Or,
    UnknownFilterAttribute,
    ValuePath,
)
from scim_provisioning.protocol.patch.decode import decode_put
from scim_provisioning.protocol.patch.plan import Clear
from scim_provisioning.protocol.schema import Attribute
from scim_provisioning.provisioning.loading import load_locked
from scim_provisioning.rules import choices

#: Given what provides a behaviour (a function, or a constant), returns what stands in its place.
Make = Callable[[Any], Any]


@dataclass(frozen=True)
class Mutant:
    """``name``: the behaviour; ``targets``: "module:name" below ``scim_provisioning``; ``test``: who must notice."""

    name: str
    targets: tuple[str, ...]
    make: Make
    test: str


def answers(value: Any) -> Make:
    """The same answer to everybody."""
    return lambda original: lambda *arguments, **named: value


def is_instead(value: Any) -> Make:
    """Another constant."""
    return lambda original: value


# --- the protocol


def knows_no_text(original: Any) -> Any:
    def coerce(attribute: Any, value: Any, ignored: Any) -> Any:
        if attribute.type == "boolean" and isinstance(value, str):
            raise errors.InvalidValue
        return original(attribute, value, ignored)

    return coerce


def wants_an_object(original: Any) -> Any:
    def as_members(attribute: Any, value: Any) -> Any:
        if isinstance(value, str):
            raise errors.InvalidValue
        return original(attribute, value)

    return as_members


def reads_from_left_to_right(original: Any) -> Any:
    def logical(builder: Any, node: Any) -> Any:
        both = (builder.build(node.expr.expr1), builder.build(node.expr.expr2))
        return And(both) if node.expr.op == "and" else Or(both)

    return logical


def finds_everybody(original: Any) -> Any:
    def parse(text: Any, *others: Any) -> Any:
        try:
            return original(text, *others)
        except UnknownFilterAttribute:
            return original("id pr", *others)

    return parse


def wants_operations(original: Any) -> Any:
    def parse(body: Any, *others: Any) -> Any:
        if not body["Operations"]:
            raise errors.InvalidSyntax
        return original(body, *others)

    return parse


def puts_what_remove_names(original: Any) -> Any:
    def decode_remove(path: Any, value: Any, plan: Any) -> Any:
        if value is None:
            return original(path, value, plan)
        return decode_put(path, value, "replace", plan)

    return decode_remove


def removes_what_is_required(original: Any) -> Any:
    def decode_remove(path: Any, value: Any, plan: Any) -> Any:
        if path.attribute.required:
            plan.steps.append(Clear(path.attribute))
        else:
            original(path, value, plan)

    return decode_remove


def serves_passwords(original: Any) -> Any:
    password = Attribute("password", "string", mutability="writeOnly", returned="never")
    return replace(original, core=replace(original.core, attributes=(*original.core.attributes, password)))


def overlooks_the_minus(original: Any) -> Any:
    def from_query(cls: Any, params: Any, **sizes: Any) -> Any:
        turned = {key: value.replace("-", "1") for key, value in params.items()}
        return original(cls, turned, **sizes)

    return from_query


# --- filters as SQL


def takes_not_for_nothing(original: Any) -> Any:
    def condition(lookups: Any, tree: Any) -> Any:
        return original(lookups, tree.term if isinstance(tree, Not) else tree)

    return condition


def takes_any_element(original: Any) -> Any:
    def condition(lookups: Any, tree: Any) -> Any:
        return original(lookups, tree.filter if isinstance(tree, ValuePath) else tree)

    return condition


def takes_any_case(original: Any) -> Any:
    def condition(lookups: Any, tree: Any) -> Any:
        if isinstance(tree, Comparison) and (tree.ref.name, tree.op) == ("externalId", "eq"):
            return Q(external_id__iexact=tree.value)
        return original(lookups, tree)

    return condition


def puts_the_missing_first(original: Any) -> Any:
    def ordered(people: Any, order: Any, request: Any) -> Any:
        return people.order_by(order.asc(nulls_first=True), "pk")

    return ordered


# --- tenants


def lists_all_tenants(original: Any) -> Any:
    def joined_links(compiled: Any, connection: Any) -> Any:
        links = ProvisionedUser.objects.filter(user__isnull=False)
        links.query.select_related = original(compiled, connection).query.select_related
        return links

    return joined_links


def locks_in_all_tenants(original: Any) -> Any:
    def load_for_update(caller: Any, scim_id: Any) -> Any:
        locked = ProvisionedUser.objects.living().select_for_update().filter(scim_id=scim_id)
        return load_locked(caller, locked.values_list("pk", flat=True).get())

    return load_for_update


def finds_in_all_tenants(original: Any) -> Any:
    def find(people: Any, scim_id: Any) -> Any:
        link = ProvisionedUser.objects.filter(scim_id=scim_id).first()
        elsewhere = copy.copy(people)
        elsewhere._connection = link.connection if link else people._connection
        return original(elsewhere, scim_id)

    return find


def of_whatever_tenant(original: Any) -> Any:
    """Neither the seal of a cursor names a tenant, nor the search for the person at whom it stands."""
    if original.__name__ in ("seal", "unseal"):
        return lambda connection, *others: original(SCIMConnection(), *others)

    def after(connection: Any, scim_id: Any, *others: Any) -> Any:
        return original(ProvisionedUser.objects.get(scim_id=scim_id).connection, scim_id, *others)

    return after


# --- who is who


def inherits_by_one_identifier(original: Any) -> Any:
    def history(connection: Any, document: Any) -> Any:
        found = original(connection, document)
        return replace(found, tombstone=found.tombstone or next(iter(found.earlier), None))

    return history


def links_against_the_policy(original: Any) -> Any:
    def adopted(adapter: Any, document: Any) -> Any:
        strong = [candidate for candidate in adapter.find_learner(document) if candidate.strong]
        return strong[0].user if len(strong) == 1 else original(adapter, document)

    return adopted


def erases_other_customers_people(original: Any) -> Any:
    def erases(adapter: Any) -> bool:
        choice = choices.in_force(SCIMConnection.on_delete, adapter.connection, type(adapter))
        return choice is OnDelete.ERASE

    return erases


# --- documents and rows


def shows_the_row(original: Any) -> Any:
    def shown(declaration: Any, sent: Any, current: Any) -> Any:
        return None if current is None else declaration.to_scim(current)

    return shown


def tags_with_the_link_alone(original: Any) -> Any:
    def to_dict(adapter: Any) -> Any:
        resource = original(adapter)
        return {**resource, "meta": {**resource["meta"], "version": f'W/"{adapter.link.version}"'}}

    return to_dict


def put_with_active(original: Any) -> Any:
    def put(caller: Any, exchange: Any, scim_id: Any, body: Any, **others: Any) -> Any:
        return original(caller, exchange, scim_id, {"active": True, **body}, **others)

    return put


def counts_the_page(original: Any) -> Any:
    def find(*arguments: Any, **named: Any) -> Any:
        page = original(*arguments, **named)
        return replace(page, total=len(page.resources))

    return find


# --- answers


def there_are_no_groups(original: Any) -> Any:
    def get(view: Any, request: Any, group_id: Any = None) -> Any:
        raise errors.NotFound

    return get


def takes_404_for_the_persons(original: Any) -> Any:
    def scim_error(exception: Any, caller: Any, sent: Any = None) -> Any:
        if isinstance(exception, exceptions.NotFound):
            return errors.NotFound()
        return original(exception, caller, sent)

    return scim_error


def blames_the_host_for_constraints(original: Any) -> Any:
    def scim_error(exception: Any, caller: Any, sent: Any = None) -> Any:
        if isinstance(exception, IntegrityError):
            return errors.InternalError()
        return original(exception, caller, sent)

    return scim_error


def tells_the_exception(original: Any) -> Any:
    def scim_error(exception: Any, caller: Any, sent: Any = None) -> Any:
        error = original(exception, caller, sent)
        error.detail = f"{exception} {error.detail}"
        return error

    return scim_error


_VALIDATOR = "tests/vendors/test_microsoft_validator.py::"
_IDENTITY = "tests/http/test_identity.py::"
_POLICIES = "tests/http/test_policies.py::"
_TENANCY = "tests/test_tenancy.py::"
_POINTS = "tests/http/test_rfc_points.py::"
_BAD = "tests/http/test_bad_input.py::"
_PATCH = "tests/protocol/test_patch.py::"
_SPELLINGS = "tests/http/test_spellings.py::"
_DATABASE = "tests/http/test_database_errors.py::"
_MASKED = "tests/admin/test_masked_values.py::"
_CONFIRMATION = "tests/admin/test_confirmation.py::"
_REPORTS = "tests/http/test_error_reports.py::"
_HOOK_FAILS = (
    "tests/http/test_host_hooks.py::test_exception_in_a_hook_is_a_500_without_detail_rolled_back_and_logged"
)

#: name, where (several: with blanks between), instead of it, and who notices
_TABLE: list[tuple[str, str, Make, str]] = [
    (
        "text booleans",
        "protocol.schema.values:coerce",
        knows_no_text,
        f"{_VALIDATOR}test_disabled_user_is_still_returned_with_active_false",
    ),
    (
        "create on miss",
        "protocol.filters.selection:eq_terms",
        answers({}),
        f"{_VALIDATOR}test_replace_or_add_attributes_verbosely",
    ),
    (
        "same filter, same element",
        "protocol.patch.find:made_before",
        answers([]),
        f"{_PATCH}test_later_operations_with_the_same_filter_mean_the_element_it_made",
    ),
    (
        "userName regardless of case",
        "protocol.text:fold",
        lambda fold: lambda text: text,
        "tests/http/test_names.py::test_name_in_another_case_is_the_same_name",
    ),
    (
        "and before or",
        "protocol.filters.grammar:_Builder._logical",
        reads_from_left_to_right,
        f"{_POINTS}test_operators_and_their_precedence",
    ),
    (
        "not is a negation",
        "adapters.sql.lookups:Lookups.condition",
        takes_not_for_nothing,
        f"{_POINTS}test_operators_and_their_precedence",
    ),
    (
        "one element fulfils a value path",
        "adapters.sql.lookups:Lookups.condition",
        takes_any_element,
        f"{_POINTS}test_value_path_means_one_element_that_fulfils_all_of_it",
    ),
    (
        "externalId is exact",
        "adapters.sql.lookups:Lookups.condition",
        takes_any_case,
        "tests/http/test_names.py::test_external_id_and_id_are_exact",
    ),
    (
        "unknown attributes in a filter are refused",
        "protocol.filters.grammar:parse",
        finds_everybody,
        f"{_BAD}test_broken_query_is_refused_and_never_answered_with_everybody",
    ),
    (
        "the tenant stands in what is listed and read",
        "adapters.reading:joined_links",
        lists_all_tenants,
        f"{_TENANCY}test_foreign_id_is_answered_exactly_as_an_unknown_one",
    ),
    (
        "the tenant stands in what is saved",
        "models.provisioned_user:ProvisionedUser._do_update",
        is_instead(models.Model._do_update),  # type: ignore[attr-defined]
        f"{_TENANCY}test_every_statement_on_links_names_the_tenant",
    ),
    (
        "the tenant stands in what is locked",
        "provisioning.loading:load_for_update",
        locks_in_all_tenants,
        f"{_TENANCY}test_every_statement_on_links_names_the_tenant",
    ),
    (
        "managers are found in one's own tenant",
        "adapters.people:People.find",
        finds_in_all_tenants,
        f"{_TENANCY}test_foreign_manager_is_kept_as_text_and_never_linked",
    ),
    (
        "cursors belong to a tenant",
        "provisioning.cursors:seal provisioning.cursors:unseal provisioning.searching:_after",
        of_whatever_tenant,
        f"{_TENANCY}test_cursor_of_the_other_customer_is_invalid",
    ),
    (
        "somebody deleted comes back",
        "rules.identity:history",
        lambda history: lambda *arguments: replace(history(*arguments), tombstone=None),
        f"{_IDENTITY}test_somebody_who_comes_back_gets_her_id_her_learner_and_her_progress_back",
    ),
    (
        "nobody inherits another's past",
        "rules.identity:history",
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
        "protected accounts are left alone",
        "rules.protection:protect",
        answers(None),
        f"{_IDENTITY}test_protected_account_is_not_changed_switched_off_or_deleted",
    ),
    (
        "an account of another customer's keeps its name",
        "adapters.accounts:HostAccounts.account_name",
        lambda account_name: lambda adapter, user_name: user_name,
        f"{_IDENTITY}test_name_that_an_account_of_another_customer_holds_gets_a_suffix_and_is_returned_as_sent",
    ),
    (
        "DELETE keeps the learner",
        "adapters.adapter:LearnerAdapter.delete",
        lambda delete: lambda adapter: adapter.obj.delete(),
        f"{_IDENTITY}test_somebody_who_comes_back_gets_her_id_her_learner_and_her_progress_back",
    ),
    (
        "one primary",
        "protocol.patch.elements:Elements.prefer",
        answers(None),
        f"{_POINTS}test_primary_is_handed_over",
    ),
    (
        "PATCH never changes what it was given",
        "protocol.resources:copied",
        lambda copied: lambda document: document,
        f"{_PATCH}test_one_part_of_a_complex_value",
    ),
    (
        "a refused create leaves nothing",
        "provisioning.verbs:transaction",
        is_instead(SimpleNamespace(atomic=nullcontext)),
        _HOOK_FAILS,
    ),
    (
        "If-Match",
        "protocol.versions:precondition",
        lambda precondition: lambda if_match, if_none_match=None: precondition(None, if_none_match),
        f"{_POINTS}test_version_is_a_weak_tag_that_moves_with_every_change",
    ),
    (
        "the version moves with an edit in the LMS",
        "adapters.adapter:LearnerAdapter.to_dict",
        tags_with_the_link_alone,
        f"{_POINTS}test_version_moves_with_an_edit_in_the_lms",
    ),
    (
        "values are returned as they were sent",
        "adapters.kinds.kind:MappedAttribute.shown",
        shows_the_row,
        "tests/http/test_truth.py::test_a_value_is_returned_verbatim_while_the_row_means_the_same",
    ),
    (
        "passwords are not served",
        "protocol.schema.user:USER_SCHEMA",
        serves_passwords,
        f"{_VALIDATOR}test_schemas_advertise_nothing_that_is_secret_and_no_group",
    ),
    (
        "Remove never writes its value",
        "protocol.patch.decode:decode_remove",
        puts_what_remove_names,
        f"{_PATCH}test_a_removed_value_is_gone_and_a_value_sent_along_is_never_written",
    ),
    (
        "a manager may come as text and goes out as an object",
        "protocol.schema.values:as_members",
        wants_an_object,
        f"{_VALIDATOR}test_add_or_replace_manager_returns_it_as_an_object",
    ),
    (
        "dotted keys are paths",
        "protocol.patch.read:_PATH_SIGNS",
        is_instead(frozenset("[")),
        f"{_VALIDATOR}test_replace_or_add_attributes_in_one_operation_without_a_path",
    ),
    (
        "an object may be JSON in a text",
        "protocol.body:embedded",
        lambda original: lambda text, *limits: text,
        f"{_SPELLINGS}test_every_verb_understands_it",
    ),
    (
        "one name in two cases is one name",
        "protocol.body:_object",
        lambda original: dict,
        f"{_SPELLINGS}test_one_attribute_under_two_names_is_refused",
    ),
    (
        "a whole number for text is its digits",
        "protocol.schema.values:as_text",
        lambda original: lambda attribute, value: value,
        f"{_SPELLINGS}test_every_verb_understands_it",
    ),
    (
        "a lone address names the manager",
        "protocol.schema.pointers:person_at",
        answers(None),
        f"{_SPELLINGS}test_a_manager_may_be_named_by_address_alone",
    ),
    (
        "memberships are not counted",
        "protocol.body:_PASSED_OVER",
        is_instead(frozenset()),
        f"{_SPELLINGS}test_150_groups_that_are_sent_along_cost_nobody_the_account",
    ),
    (
        "a text too long for its field is refused, and for none is left out",
        "protocol.patch.decode:_check_length",
        answers(None),
        f"{_SPELLINGS}test_every_verb_understands_it",
    ),
    (
        "a query is in UTF-8",
        "http.parameters:_refuse_other_encodings",
        answers(None),
        f"{_SPELLINGS}test_a_query_that_says_two_things_or_none_is_refused_and_never_answered_with_everybody",
    ),
    (
        "an empty list of operations is no error",
        "protocol.patch.operations:parse",
        wants_operations,
        f"{_VALIDATOR}test_empty_list_of_operations_changes_nothing_and_succeeds",
    ),
    (
        "userName cannot be removed",
        "protocol.patch.decode:decode_remove",
        removes_what_is_required,
        f"{_BAD}test_broken_patch_is_refused_as_a_whole",
    ),
    (
        "a PUT without active changes nothing about it",
        "provisioning.verbs:replace",
        put_with_active,
        "tests/vendors/test_okta.py::test_put_without_active_neither_disables_nor_revives",
    ),
    (
        "totalResults counts everybody",
        "provisioning.searching:find",
        counts_the_page,
        f"{_POINTS}test_edges_of_paging",
    ),
    (
        "startIndex is at least 1",
        "protocol.messages:SearchRequest.from_query",
        overlooks_the_minus,
        f"{_POINTS}test_edges_of_paging",
    ),
    (
        "missing values come last",
        "provisioning.searching:_ordered",
        puts_the_missing_first,
        f"{_POINTS}test_sorting_puts_missing_values_last_ascending_and_first_descending",
    ),
    (
        "groups are an empty list",
        "http.groups:GroupView.get",
        there_are_no_groups,
        "tests/vendors/test_okta.py::test_spec_9_groups_are_an_empty_list",
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
        "a pause is a pause",
        "models.connection:SCIMConnection.is_paused",
        answers(False),
        f"{_BAD}test_paused_connection_is_503_with_a_time_to_come_back",
    ),
    (
        "SSO that is off shuts the door",
        "models.connection:SCIMConnection.sso_is_on",
        answers(True),
        f"{_BAD}test_sso_switched_off_is_403_and_works_again_when_switched_on",
    ),
    (
        "a revoked token is dead",
        "models.token:SCIMToken.is_revoked",
        answers(False),
        f"{_BAD}test_revoked_token_is_401_and_stays_so",
    ),
    (
        "an expired token is dead",
        "models.token:SCIMToken.is_expired",
        answers(False),
        f"{_BAD}test_expired_token_is_401",
    ),
    (
        "a host's Http404 is not the person's",
        "http.errors:scim_error",
        takes_404_for_the_persons,
        "tests/http/test_refusals.py::test_a_failure_is_500_and_tells_only_administrators_what_and_where",
    ),
    (
        "a database error in a signal of the host's is about the person",
        "adapters.database_errors:explained",
        answers(nullcontext()),
        f"{_DATABASE}test_a_unique_column_of_another_table_is_named_itself",
    ),
    (
        "a constraint that speaks up at COMMIT is about the person",
        "http.errors:scim_error",
        blames_the_host_for_constraints,
        f"{_DATABASE}test_a_reference_to_nothing_is_400_be_it_found_at_once_or_at_commit",
    ),
    (
        "not every collision is a userName's",
        "adapters.database_errors:is_collision",
        answers(True),
        f"{_DATABASE}test_only_the_links_own_constraint_means_that_a_user_name_is_taken",
    ),
    (
        "the database's sentence is a value",
        "administration.log_words:explanation",
        lambda explanation: lambda event, in_clear: explanation(event, in_clear=True),
        "tests/admin/test_log.py::test_what_the_database_said_is_masked_without_view_payload",
    ),
    (
        "a fault of the host's stays on the server",
        "http.errors:scim_error",
        tells_the_exception,
        _HOOK_FAILS,
    ),
    # --- the administrator's side
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
    (
        "IPv4 in IPv6's clothes is IPv4",
        "tokens.networks:_plain",
        lambda original: lambda parsed: parsed,
        "tests/http/test_addresses.py::test_a_network_in_the_clothes_of_ipv6_means_its_ipv4_network",
    ),
]

MUTANTS = [Mutant(name, tuple(where.split()), make, test) for name, where, make, test in _TABLE]
