"""What a large PATCH costs, counted and not timed: twice the request is twice the work."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from scim_provisioning.protocol.constants import PATCH_OP
from scim_provisioning.protocol.errors import InvalidPath, InvalidValue
from scim_provisioning.protocol.limits import DEFAULT_LIMITS, Limits
from scim_provisioning.protocol.patch import apply, parse
from scim_provisioning.protocol.schema import USER_SCHEMA
from scim_provisioning.protocol.text import fold

Json = dict[str, Any]


class Counted(str):
    """Text that counts how often it is compared, also once it is folded."""

    __slots__ = ()
    __hash__ = str.__hash__
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, other)

    def lower(self) -> Counted:
        return Counted(str.lower(self))


def addresses(operation: int, count: int = 20) -> list[Counted]:
    return [Counted(f"p{operation}.{number}@x.example") for number in range(count)]


def written(count: int) -> Json:
    """Somebody with that many e-mails, twenty for each operation."""
    return {
        "userName": "u",
        "emails": [{"type": "work", "value": text} for number in range(count) for text in addresses(number)],
    }


def work(document: Json, operations: list[Json], limits: Limits = DEFAULT_LIMITS) -> tuple[int, int]:
    """How many comparisons of text and how many calls the operations take, refused in the end or not."""
    body = {"schemas": [PATCH_OP], "Operations": operations}
    parsed = parse(body, USER_SCHEMA)
    Counted.comparisons = calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        apply(document, parsed, USER_SCHEMA, limits)
    except InvalidValue:
        assert limits is DEFAULT_LIMITS
    finally:
        sys.setprofile(before)
    return Counted.comparisons, calls


def added_to_nothing(number: int) -> Json:
    return {"op": "add", "path": "emails", "value": addresses(number)}


def added_again_in_capitals(number: int) -> Json:
    again = [{"type": Counted("Work"), "value": Counted(text.upper())} for text in addresses(number)]
    return {"op": "add", "path": "emails", "value": again}


def listed_for_removal(number: int) -> Json:
    return {"op": "remove", "path": "emails", "value": addresses(number)}


def written_through_a_filter(number: int) -> Json:
    return {"op": "replace", "path": f'emails[value eq "p{number}.5@x.example"].display', "value": "x"}


def created_by_a_filter(number: int) -> Json:
    return {"op": "replace", "path": f'emails[type eq "t{number}"].value', "value": Counted("n@x.example")}


def made_primary(number: int) -> Json:
    return {"op": "add", "path": f'emails[value eq "p{number}.5@x.example"]', "value": {"primary": True}}


def at_the_limits() -> dict[str, tuple[Json, list[Json]]]:
    """The dearest requests that the limits let through, each with a document that is as full as one may be."""
    full = {
        "userName": "u",
        "emails": [{"type": Counted(f"t{n}"), "value": Counted(f"p{n}@x.example")} for n in range(100)],
    }
    terms = [f'value co "{n}q"' for n in range(20)]
    filters = [f'emails[{" or ".join(terms[:19])} or value co "{n}z"]' for n in range(10)]
    few = [f'emails[value co "{n}q"]' for n in range(190)]
    return {
        "filters without an eq term": (full, [{"op": "remove", "path": path} for path in filters]),
        "as many paths as there may be keys": (full, [{"op": "add", "value": dict.fromkeys(few, "")}]),
        "lists of texts": (
            {"userName": "u"},
            [{"op": "add", "path": "emails", "value": addresses(n, 100)} for n in range(3)]
            + [{"op": "remove", "path": "emails", "value": addresses(0, 80)}],
        ),
        "everything known already": (
            full,
            [{"op": "add", "path": "emails", "value": full["emails"][:60]}] * 2,
        ),
    }


@pytest.mark.parametrize("what", at_the_limits())
def test_no_request_within_the_limits_compares_more_often_than_they_say(what: str) -> None:
    document, operations = at_the_limits()[what]
    limits = DEFAULT_LIMITS
    comparisons, calls = work(document, operations)
    most = limits.path_terms * limits.elements
    assert comparisons <= most
    assert calls <= 20 * most


def test_more_comparisons_in_paths_than_the_limit_are_refused_before_any_is_made() -> None:
    terms = " or ".join(f'value co "q{n}"' for n in range(20))
    attack = [{"op": "remove", "path": f"emails[{terms}]"} for _ in range(50)]
    parsed = parse({"schemas": [PATCH_OP], "Operations": attack}, USER_SCHEMA)
    Counted.comparisons = 0
    with pytest.raises(InvalidPath, match="200 comparisons"):
        apply(written(5), parsed, USER_SCHEMA)
    assert Counted.comparisons == 0


@pytest.mark.parametrize(
    ("operation", "present"),
    [
        (added_to_nothing, False),
        (added_again_in_capitals, True),
        (listed_for_removal, True),
        (written_through_a_filter, True),
        (created_by_a_filter, True),
        (made_primary, True),
    ],
)
def test_twice_the_operations_on_twice_the_elements_are_twice_the_work(
    operation: Callable[[int], Json], present: bool
) -> None:
    def measured(size: int) -> tuple[int, int]:
        document = written(size) if present else {"userName": "u"}
        return work(document, [operation(number) for number in range(size)], Limits(elements=1000))

    small, large = measured(20), measured(40)
    for few, many in zip(small, large, strict=True):
        assert many <= 2.2 * few + 20, f"{small} comparisons and calls became {large}"
    assert large[0] <= 8 * 40 * 20, "each of 800 texts was compared more than eight times"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": 'roles[value ew "{}" and not (value co "q")].display', "value": "{}"},
        {"op": "replace", "path": 'roles[value co "{}"].display', "value": "{}"},
        {"op": "replace", "path": 'roles[value eq "{}"].display', "value": "{}"},
        {"op": "add", "path": "roles", "value": [{"value": "\u0315\u0323\u0301{}"}]},
    ],
    ids=lambda operation: operation["path"][6:14],
)
def test_no_text_is_folded_once_for_each_operation(operation: Json) -> None:
    """Of a text with many marks that is dear: a PATCH of 50 operations on 90 such roles took 2.9 seconds."""
    roles = [{"value": f"{chr(0x0315)}{chr(0x0301)}{number}"} for number in range(50)]
    said = json.dumps(operation)
    operations = [json.loads(said.replace("{}", str(number))) for number in range(50)]
    parsed = parse({"schemas": [PATCH_OP], "Operations": operations}, USER_SCHEMA)
    folded: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code is fold.__code__:
            folded[frame.f_locals["text"]] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        apply({"userName": "u", "roles": roles}, parsed, USER_SCHEMA)
    finally:
        sys.setprofile(before)
    assert folded.keys() >= {role["value"] for role in roles}
    assert max(folded.values()) <= 2
