"""What a value may be, how a document is read, and what is answered of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scim_provisioning.protocol import errors
from scim_provisioning.protocol.schema import Attribute
from tests.behaviours.mutant import answers, is_instead, mutants


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


def serves_passwords(original: Any) -> Any:
    password = Attribute("password", "string", mutability="writeOnly", returned="never")
    return replace(original, core=replace(original.core, attributes=(*original.core.attributes, password)))


def shows_the_row(original: Any) -> Any:
    """Neither is what is the same left as it was sent at first sight, nor by the kind that is asked otherwise."""

    def show(document: Any, person: Any, mapping: Any) -> Any:
        for group in mapping.groups:
            object.__setattr__(group, "keeps_same", False)
        return original(document, person, mapping)

    def shown(declaration: Any, sent: Any, current: Any) -> Any:
        return None if current is None else declaration.to_scim(current)

    return show if original.__name__ == "show" else shown


def tags_with_the_link_alone(original: Any) -> Any:
    def to_dict(adapter: Any) -> Any:
        resource = original(adapter)
        return {**resource, "meta": {**resource["meta"], "version": f'W/"{adapter.link.version}"'}}

    return to_dict


def put_with_active(original: Any) -> Any:
    def put(caller: Any, exchange: Any, scim_id: Any, body: Any, **others: Any) -> Any:
        return original(caller, exchange, scim_id, {"active": True, **body}, **others)

    return put


def there_are_no_groups(original: Any) -> Any:
    def get(view: Any, request: Any, group_id: Any = None) -> Any:
        raise errors.NotFound

    return get


_VALIDATOR = "tests/vendors/test_microsoft_validator.py::"
_POINTS = "tests/http/test_rfc_points.py::"
_SPELLINGS = "tests/http/test_spellings.py::"

MUTANTS = mutants(
    (
        "text booleans",
        "protocol.schema.values:coerce",
        knows_no_text,
        f"{_VALIDATOR}test_disabled_user_is_still_returned_with_active_false",
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
        "adapters.document:show adapters.kinds.kind:MappedAttribute.shown",
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
        "a manager may come as text and goes out as an object",
        "protocol.schema.values:as_members",
        wants_an_object,
        f"{_VALIDATOR}test_add_or_replace_manager_returns_it_as_an_object",
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
        "a name that has led to a row leads there still",
        "adapters.kinds.named_rows:NamedRows.at",
        answers(None),
        "tests/http/test_named_rows.py::test_a_row_that_the_lms_has_called_otherwise_is_the_names_still",
    ),
    (
        "a merged unit is what was sent",
        "adapters.kinds.references:Reference.is_meant",
        answers(False),
        "tests/http/test_units.py::test_a_merger_moves_everybody_with_an_event_and_entra_finds_no_difference",
    ),
    (
        "a merger moves people",
        "provisioning.units:mergers",
        answers(()),
        "tests/http/test_units.py::test_a_merger_of_a_merger_leads_to_the_last",
    ),
    (
        "a PUT without active changes nothing about it",
        "provisioning.verbs:replace",
        put_with_active,
        "tests/vendors/test_okta.py::test_put_without_active_neither_disables_nor_revives",
    ),
    (
        "groups are an empty list",
        "http.groups:GroupView.get",
        there_are_no_groups,
        "tests/vendors/test_okta.py::test_spec_9_groups_are_an_empty_list",
    ),
)
