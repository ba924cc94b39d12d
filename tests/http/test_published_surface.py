"""Requests made from what is published: whatever /Schemas, /ResourceTypes and /ServiceProviderConfig name is asked for.

No request is answered with a failure of ours, with anything but SCIM JSON, or with another customer's data. (OpenAPI
tools such as schemathesis find nothing to read here: SCIM publishes its schemas in a form of its own.)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import SCIM_JSON, ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.long]

#: In every value that the other customer has, and in nothing that is sent.
FOREIGN = "brightwater-only"
EXAMPLES = int(os.environ.get("SURFACE_EXAMPLES", "60"))

_TEXT = st.text(max_size=20) | st.sampled_from(
    ["", "work", "True", "x" * 300, "a@b.example", "ß İ \u200b", "'\";--"]
)
_SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "string": _TEXT,
    "reference": _TEXT | st.just("https://harborline.example/a"),
    "dateTime": st.datetimes().map(lambda moment: moment.isoformat() + "Z") | _TEXT,
    "boolean": st.booleans() | st.sampled_from(["True", "false", 1, ""]),
    "integer": st.integers() | _TEXT,
    "decimal": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "binary": _TEXT,
}
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Surface:
    """What a client learns before it sends anything, and somebody to ask for at both customers."""

    client: ScimClient
    endpoints: list[str]
    schemas: list[dict[str, Any]]
    config: dict[str, Any]
    own: str
    foreign: str

    def attributes(self) -> list[tuple[str, dict[str, Any]]]:
        """Every published attribute with its path: the urn before those of extensions."""
        core, *extensions = self.schemas
        found = [(attribute["name"], attribute) for attribute in core["attributes"]]
        for schema in extensions:
            found += [
                (f"{schema['id']}:{attribute['name']}", attribute) for attribute in schema["attributes"]
            ]
        return found

    def body(self, draw: Draw) -> Any:
        """A resource with some of the published attributes, now and then with a value of another kind."""
        if draw(st.integers(0, 19)) == 0:
            return draw(_ANYTHING)
        core, *extensions = self.schemas
        chosen: dict[str, Any] = {"schemas": [schema["id"] for schema in self.schemas]}
        chosen |= self._some(draw, core["attributes"])
        for schema in extensions:
            chosen[schema["id"]] = self._some(draw, schema["attributes"])
        if draw(st.booleans()):
            chosen["userName"] = draw(st.sampled_from(["ana", "ben", "cleo"])) + "@harborline.example"
        return chosen

    def _some(self, draw: Draw, attributes: list[dict[str, Any]]) -> dict[str, Any]:
        picked = draw(st.lists(st.sampled_from(attributes), max_size=6, unique_by=lambda one: one["name"]))
        return {attribute["name"]: draw(_of(attribute)) for attribute in picked}

    def filter(self, draw: Draw) -> str:
        """A filter on published attributes, by any operator."""
        terms = draw(st.lists(st.sampled_from(self.paths()), min_size=1, max_size=3))
        operators = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"])
        said = []
        for path in terms:
            operator = draw(operators)
            value = (
                "" if operator == "pr" else " " + json.dumps(draw(_TEXT | st.booleans() | st.integers(0, 9)))
            )
            said.append(f"{path} {operator}{value}")
        joined = draw(st.sampled_from([" and ", " or "])).join(said)
        return f"not ({joined})" if draw(st.booleans()) else joined

    def paths(self) -> list[str]:
        """Every path, sub-attributes too."""
        found = []
        for path, attribute in self.attributes():
            found += [path, *(f"{path}.{sub['name']}" for sub in attribute.get("subAttributes", ()))]
        return found

    def operations(self, draw: Draw) -> dict[str, Any]:
        """A PATCH of published attributes, with and without paths."""
        operations = []
        for _number in range(draw(st.integers(1, 4))):
            path, attribute = draw(st.sampled_from(self.attributes()))
            operation: dict[str, Any] = {"op": draw(st.sampled_from(["add", "Replace", "remove"]))}
            value = draw(_of(attribute) | _ANYTHING)
            match draw(st.integers(0, 3)):
                case 0:
                    operation["value"] = {path: value}
                case 1:
                    operation |= {"path": f'{path}[type eq "work"].value', "value": value}
                case 2:
                    operation["path"] = path
                case 3:
                    operation |= {"path": path, "value": value}
            operations.append(operation)
        return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}

    def query(self, draw: Draw) -> str:
        """What a list may be asked with."""
        parameters = {
            "filter": self.filter(draw),
            "sortBy": draw(st.sampled_from(self.paths())),
            "sortOrder": draw(st.sampled_from(["ascending", "descending", "up"])),
            "attributes": ",".join(draw(st.lists(st.sampled_from(self.paths()), max_size=3))),
            "excludedAttributes": draw(st.sampled_from(self.paths())),
            "startIndex": str(draw(st.integers(-2, 5))),
            "count": str(draw(st.integers(-2, 5))),
        }
        named = draw(st.lists(st.sampled_from(sorted(parameters)), unique=True))
        return "&".join(f"{name}={quote(parameters[name])}" for name in named)

    def send(self, draw: Draw) -> Any:
        """Any request to any endpoint that is published."""
        endpoint = draw(st.sampled_from(self.endpoints))
        one = f"{endpoint}/{draw(st.sampled_from([self.own, self.foreign, 'nobody']))}"
        match draw(st.integers(0, 8)):
            case 0 | 1:
                return self.client.get(f"{endpoint}?{self.query(draw)}")
            case 2:
                return self.client.get(f"{one}?{self.query(draw)}")
            case 3:
                return self.client.post(endpoint, self.body(draw))
            case 4:
                return self.client.put(one, self.body(draw))
            case 5 | 6:
                return self.client.patch(one, self.operations(draw))
            case 7:
                return self.client.post("/Bulk", self.bulk(draw))
        method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]))
        path = draw(
            st.sampled_from([*self.endpoints, one, "/Schemas", "/ResourceTypes", "/Me", "/Nothing", ""])
        )
        return self.client.request(method, path, draw(_ANYTHING))

    def bulk(self, draw: Draw) -> dict[str, Any]:
        """Several writes at once, as many as the configuration allows at most."""
        operations = []
        for number in range(draw(st.integers(1, min(3, self.config["bulk"]["maxOperations"])))):
            method = draw(st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]))
            one = draw(st.sampled_from([self.own, self.foreign, "bulkId:b0"]))
            operation = {"method": method, "path": "/Users" if method == "POST" else f"/Users/{one}"}
            if method != "DELETE":
                operation["data"] = self.operations(draw) if method == "PATCH" else self.body(draw)
            operations.append({**operation, "bulkId": f"b{number}"})
        return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}


def _of(attribute: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of an attribute as it is published."""
    if attribute["type"] == "complex":
        members = {sub["name"]: _of(sub) for sub in attribute["subAttributes"]}
        one: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=members)
    elif attribute.get("canonicalValues"):
        one = st.sampled_from(attribute["canonicalValues"]) | _TEXT
    else:
        one = _SIMPLE[attribute["type"]]
    return st.lists(one, max_size=3) if attribute["multiValued"] else one


@pytest.fixture
def surface(scim: ScimClient) -> Surface:
    other = ConnectionFactory(name=FOREIGN, sso_key=str(SSOSettingsFactory().pk))
    neighbour = ScimClient(TokenFactory(connection=other).plaintext)
    marked = {name: f"{FOREIGN}-{name}" for name in ("title", "nickName", "displayName", "externalId")}
    foreign = neighbour.post("/Users", person(f"{FOREIGN}.person", **marked)).json()["id"]
    own = scim.post("/Users", person()).json()["id"]
    types = scim.get("/ResourceTypes").json()["Resources"]
    [user] = [kind for kind in types if kind["name"] == "User"]
    ids = [user["schema"], *(extension["schema"] for extension in user["schemaExtensions"])]
    return Surface(
        client=scim,
        endpoints=[kind["endpoint"] for kind in types],
        schemas=[scim.get(f"/Schemas/{urn}").json() for urn in ids],
        config=scim.get("/ServiceProviderConfig").json(),
        own=own,
        foreign=foreign,
    )


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_request_that_what_is_published_suggests_gets_an_answer_of_scim(
    surface: Surface, data: st.DataObject
) -> None:
    with transaction.atomic():
        response = surface.send(data.draw)
        transaction.set_rollback(True)
    # 501 is an answer: what is published as not supported, asked for all the same.
    assert response.status_code < 500 or response.status_code == 501, response.content
    assert FOREIGN not in response.content.decode()
    assert FOREIGN not in str(response.headers)
    if response.content:
        assert response.headers["Content-Type"].startswith(SCIM_JSON)
        answered = response.json()
        assert answered["schemas"], answered
        for result in answered.get("Operations", ()):
            assert int(result["status"]) < 500, result


def test_what_is_published_is_what_the_requests_are_made_of(surface: Surface) -> None:
    paths = surface.paths()
    assert {"userName", "emails.value", "name.givenName"} <= set(paths)
    assert any(path.endswith(":manager.value") for path in paths)
    assert surface.endpoints[0] == "/Users"
    assert surface.config["patch"]["supported"]
