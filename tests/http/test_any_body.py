"""Whatever JSON arrives as a body, the answer is SCIM's: a resource, or an error with a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import ScimClient
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
NAMES = st.sampled_from(
    [
        "schemas",
        "userName",
        "active",
        "name",
        "emails",
        "value",
        "type",
        "primary",
        "manager",
        "Operations",
        "op",
    ]
    + ["path", "data", "method", "bulkId", "filter", "count", "startIndex", "cursor", "attributes", "title"]
    + [CORE, ENTERPRISE, 'emails[type eq "work"].value', "name.givenName", "id", "meta", "password", "roles"]
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["replace", "add", "remove", "True", "false", "/Users", "POST", "PATCH", PATCH_OP, BULK, ""]
    ),
)
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(NAMES, st.text(max_size=8)), inner, max_size=5)
    ),
    max_leaves=20,
)
ENVELOPES = st.sampled_from(
    [{}, {"schemas": [PATCH_OP]}, {"schemas": [BULK]}, {"userName": "any.body@x.example"}]
)


@st.composite
def bodies(draw: st.DrawFn) -> Any:
    body = draw(JSON)
    return {**body, **draw(ENVELOPES)} if isinstance(body, dict) else body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/Users"),
        ("PUT", "/Users/{id}"),
        ("PATCH", "/Users/{id}"),
        ("POST", "/.search"),
        ("POST", "/Bulk"),
    ],
)
@given(body=bodies())
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_json_is_answered_in_scim(scim: ScimClient, method: str, path: str, body: Any) -> None:
    found = scim.get("/Users?filter=externalId+eq+%22target%22").json()
    target = found["Resources"][0] if found["totalResults"] else None
    if target is None:
        target = scim.post("/Users", person("any.target", externalId="target")).json()

    answer = scim.request(method, path.format(id=target["id"]), json.dumps(body).encode())

    assert answer.status_code in {200, 201, 400, 403, 409, 413}, answer.content
    assert answer.headers["Content-Type"] == "application/scim+json; charset=utf-8"
    if answer.status_code >= 400:
        assert answer.json()["status"] == str(answer.status_code)
        assert answer.json()["detail"]
