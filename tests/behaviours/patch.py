"""What a PATCH does, and what it refuses."""

from __future__ import annotations

from typing import Any

from scim_provisioning.protocol import errors
from scim_provisioning.protocol.patch.decode import decode_put
from scim_provisioning.protocol.patch.plan import Clear
from tests.behaviours.mutant import answers, is_instead, mutants


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


def forgets_what_is_removed_again(original: Any) -> Any:
    def said(steps: Any) -> Any:
        about = [
            step for step in steps if getattr(step, "attribute", None) and step.attribute.path == "active"
        ]
        return original(about[-1:])

    return said


_VALIDATOR = "tests/vendors/test_microsoft_validator.py::"
_POINTS = "tests/http/test_rfc_points.py::"
_BAD = "tests/http/test_bad_input.py::"
_PATCH = "tests/protocol/test_patch.py::"
_PATCH_LISTS = "tests/protocol/test_patch_lists.py::"
_SPELLINGS = "tests/http/test_spellings.py::"

MUTANTS = mutants(
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
        f"{_PATCH_LISTS}test_later_operations_with_the_same_filter_mean_the_element_it_made",
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
        "Remove never writes its value",
        "protocol.patch.decode:decode_remove",
        puts_what_remove_names,
        f"{_PATCH}test_a_removed_value_is_gone_and_a_value_sent_along_is_never_written",
    ),
    (
        "dotted keys are paths",
        "protocol.patch.read:_PATH_SIGNS",
        is_instead(frozenset("[")),
        f"{_VALIDATOR}test_replace_or_add_attributes_in_one_operation_without_a_path",
    ),
    (
        "a text too long for its field is refused, and for none is left out",
        "protocol.patch.decode:_check_length",
        answers(None),
        f"{_SPELLINGS}test_every_verb_understands_it",
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
        "a switch that the same request removes again still holds",
        "protocol.patch:_said_of_active",
        forgets_what_is_removed_again,
        "tests/http/test_active.py::test_a_switch_that_the_same_request_removes_again_still_holds",
    ),
)
