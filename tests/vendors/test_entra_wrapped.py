"""Entra's older jobs wrap the value of every PATCH operation: ``[{"$ref": null, "value": ...}]``."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db


def wrapped(value: Any) -> list[dict[str, Any]]:
    return [{"$ref": None, "value": value}]


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def test_wrapped_values_are_what_they_hold(scim: ScimClient, ines: str) -> None:
    answer = scim.patch(
        f"/Users/{ines}",
        [
            {"op": "Replace", "path": "displayName", "value": wrapped("Ines Bell")},
            {"op": "Replace", "path": "name.familyName", "value": wrapped("Bell")},
            {
                "op": "Add",
                "path": 'emails[type eq "work"].value',
                "value": wrapped("bell@harborline.example"),
            },
            {"op": "Add", "path": f"{ENTERPRISE}:department", "value": wrapped("Cloud")},
        ],
    ).json()
    assert answer["displayName"] == "Ines Bell"
    assert answer["name"]["familyName"] == "Bell"
    assert answer["emails"][0]["value"] == "bell@harborline.example"
    assert answer[ENTERPRISE]["department"] == "Cloud"


def test_a_wrapped_false_deactivates(scim: ScimClient, ines: str) -> None:
    answer = scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": wrapped("False")}])
    assert answer.json()["active"] is False
    assert not get_user_model().objects.get().is_active


def test_a_wrapped_nothing_clears(scim: ScimClient, ines: str) -> None:
    answer = scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "title", "value": wrapped("")}])
    assert "title" not in answer.json()


@pytest.mark.parametrize("value", [{"value": "x"}, ["x"], [{"value": "x"}, {"value": "y"}], [{"other": "x"}]])
def test_other_objects_and_lists_for_text_are_still_refused(scim: ScimClient, ines: str, value: Any) -> None:
    answer = scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "title", "value": value}])
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
