"""A text inside a JSON column is found as it is shown, whatever letters it is written in."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

PATH = f"{ENTERPRISE}:costCenter"


@pytest.mark.parametrize("shown", ["Ångström", "O'Brien Ø", "ЖУКОВ", "C-9"])
@pytest.mark.parametrize("spelled", [str, str.lower, str.upper])
@pytest.mark.parametrize("op", ["eq", "sw", "ew", "co"])
def test_a_text_in_json_is_found_as_it_is_shown_and_in_any_case(
    scim: ScimClient, shown: str, spelled: type[str], op: str
) -> None:
    made = scim.post("/Users", person(**{ENTERPRISE: {"costCenter": shown}})).json()
    scim.post("/Users", person("ana.lee", **{ENTERPRISE: {"costCenter": "C-10"}}))
    assert scim.get(f"/Users/{made['id']}").json()[ENTERPRISE]["costCenter"] == shown
    answer = scim.get("/Users?filter=" + quote(f'{PATH} {op} "{spelled(shown)}"'))
    assert [one["id"] for one in answer.json()["Resources"]] == [made["id"]]


def test_texts_in_json_are_sorted_without_their_case(scim: ScimClient) -> None:
    for name, value in (("ana.lee", "øst"), ("ben.ode", "ØRE"), ("cleo.fox", "Zed")):
        scim.post("/Users", person(name, **{ENTERPRISE: {"costCenter": value}}))
    people = scim.get(f"/Users?sortBy={quote(PATH)}").json()["Resources"]
    assert [one[ENTERPRISE]["costCenter"] for one in people] == ["Zed", "ØRE", "øst"]
