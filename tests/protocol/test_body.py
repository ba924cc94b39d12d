from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol.body import loads
from scim_provisioning.protocol.documents import normalise
from scim_provisioning.protocol.errors import InvalidSyntax, PayloadTooLarge, SCIMError
from scim_provisioning.protocol.limits import DEFAULT_LIMITS, Limits
from scim_provisioning.protocol.schema import USER_SCHEMA


def test_json_is_read_as_it_is() -> None:
    assert loads('{"a": ["ł", 1, 1.5, true, null, "😀"]}'.encode()) == {"a": ["ł", 1, 1.5, True, None, "😀"]}
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}, "a byte order mark is not worth a refusal"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "The body is empty"),
        (b" \n", "The body is empty"),
        (b'{"a": 1', "not valid JSON"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'{"a": 1} x', "not valid JSON"),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON value"),
        (b'{"a": 1e999}', "a number that is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number that is too long"),
        (b'{"a": 1, "b": 2, "a": 1}', 'The member "a" is given twice'),
        (b'{"x": {"a": null, "a": 1}}', 'The member "a" is given twice'),
        (b'{"a": "\xff"}', "not UTF-8: byte 8"),
        (b'{"a": "\\u0000"}', "U+0000"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"\\udfff": 1}', "half of a surrogate pair"),
    ],
)
def test_what_is_no_json_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(InvalidSyntax) as refusal:
        loads(raw)
    assert says in refusal.value.detail


@pytest.mark.parametrize(
    ("limits", "accepted", "refused", "code"),
    [
        (Limits(depth=3), {"a": [{"b": 1}]}, {"a": [{"b": []}]}, "limits.depth"),
        (Limits(keys=3), {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 2}, "d": 3}, "limits.keys"),
        (Limits(values=4), {"a": [1, 2], "b": 3}, {"a": [1, 2], "b": [3]}, "limits.values"),
        (Limits(array_length=2), [1, 2], [1, 2, 3], "limits.list"),
        (Limits(string_length=3), {"abc": 1}, {"abcd": 1}, "body.syntax"),
    ],
)
def test_each_limit_holds_exactly(limits: Limits, accepted: object, refused: object, code: str) -> None:
    assert loads(json.dumps(accepted).encode(), limits) == accepted
    with pytest.raises(InvalidSyntax) as refusal:
        loads(json.dumps(refused).encode(), limits)
    assert refusal.value.code == code


def test_the_size_limit_holds_exactly() -> None:
    assert loads(b"[1, 2]", Limits(body_bytes=6)) == [1, 2]
    with pytest.raises(PayloadTooLarge, match="larger than 5 bytes"):
        loads(b"[1, 2]", Limits(body_bytes=5))


def test_a_bulk_body_may_hold_many_ordinary_ones() -> None:
    user = {f"k{number}": "v" for number in range(190)}
    body = {"Operations": [{"method": "POST", "path": "/Users", "bulkId": "1", "data": user}] * 50}
    raw = json.dumps(body).encode()
    assert loads(raw, DEFAULT_LIMITS.for_bulk()) == body
    with pytest.raises(InvalidSyntax):
        loads(raw)


@pytest.mark.parametrize(
    "raw",
    [b"[" * 200_000, b'{"a":' * 40_000, b"[[],[]" + b",[]" * 80_000 + b"]", b"[" + b"1," * 130_000 + b"1]",
     b'"' + b"\\\\" * 130_000 + b'"', b'{"a":' + b"1" * 4200 + b"}"]
)  # fmt: skip
def test_hostile_bodies_are_answered_quickly(raw: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(SCIMError):
        normalise(loads(raw), USER_SCHEMA)
    assert time.process_time() - started < 5


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_give_a_document_or_a_scim_error(raw: bytes) -> None:
    with contextlib.suppress(SCIMError):
        normalise(loads(raw), USER_SCHEMA)
