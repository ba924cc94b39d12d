"""JSON of documents, by orjson where it is installed: the same bytes, the same values."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol import json_text
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema

TEXTS = st.text(max_size=8) | st.text('\x00\x1f\x7f\u2028\u00e9\ud800\udc00"\\/\n\U0001f600', max_size=8)
LEAVES = TEXTS | st.sampled_from([None, True, False])
VALUES = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(TEXTS, LEAVES, max_size=3)
DOCUMENTS = st.dictionaries(TEXTS, VALUES | st.lists(VALUES, max_size=3), max_size=4)


@dataclass
class Address:
    town: str


@settings(max_examples=100)
@given(DOCUMENTS)
def test_a_document_of_texts_is_written_to_the_byte_and_read_to_the_letter_as_python_does(
    document: dict[str, Any],
) -> None:
    sent = json_text.writer(USER_SCHEMA)(document, str)
    assert sent == json_text.written(document, str)
    kept = json.dumps(document)
    assert json_text.reader(USER_SCHEMA)(kept) == json.loads(kept)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        date(2026, 1, 2),
        UUID(int=7),
        Decimal("1.50"),
        Address("Leith"),
        "\ud800",
        {"a", "b"} - {"b"},
    ],
)
def test_what_a_host_shows_and_json_has_no_form_for_is_written_as_it_always_was(value: Any) -> None:
    document = {"title": value}
    assert json_text.writer(USER_SCHEMA)(document, str) == json_text.written(document, str)


@pytest.mark.parametrize("value", [1e-7, 1e16, 1.5e300, 2**70, -0.0])
@pytest.mark.parametrize("kind", ["integer", "decimal"])
def test_of_a_schema_with_numbers_python_writes_and_reads_every_one(kind: str, value: float) -> None:
    grades = Schema("urn:example:grades", "Grades", attributes=(Attribute("grade", kind),))
    schema = USER_SCHEMA.with_extensions(grades)
    document = {"urn:example:grades": {"grade": value}}
    sent = json_text.writer(schema)(document, str)
    assert sent == json.dumps(document, separators=(",", ":")).encode()
    assert json_text.reader(schema)(sent.decode()) == document


def test_without_orjson_python_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "_orjson", None)
    schema = replace(USER_SCHEMA)
    assert json_text.writer(schema)({"userName": "Zoë"}, str) == '{"userName":"Zoë"}'.encode()
    assert json_text.reader(schema)('{"userName": "Zo\\u00eb"}') == {"userName": "Zoë"}
