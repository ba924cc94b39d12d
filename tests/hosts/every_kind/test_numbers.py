"""A number of the LMS's that SCIM's form cannot say is no value: its person is read, found and changed without it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tests.client import ScimClient
from tests.hosts.every_kind.models import Dossier
from tests.hosts.every_kind.scim import OWN
from tests.hosts.every_kind.test_kinds import body, found, patch, post

pytestmark = pytest.mark.django_db

#: Not every database keeps what is no number.
_ODD = [1e20, -1e22, 1e300]
_NONE = [float("inf"), float("nan")] if connection.vendor == "postgresql" else []


@pytest.mark.parametrize("number", [*_ODD, *_NONE])
def test_somebody_with_such_a_number_is_read_and_found_and_can_be_switched_off(
    scim: ScimClient, number: float
) -> None:
    made = post(scim, body(score=3))
    post(scim, body("ana", score=2))
    Dossier.objects.filter(score=3).update(score=number)
    answer = scim.get(f"/Users/{made['id']}")
    assert (answer.status_code, answer.json().get(OWN, {}).get("score")) == (200, None)
    assert scim.get("/Users").json()["totalResults"] == 2
    assert found(scim, f"{OWN}:score pr") == ["ana"]
    assert found(scim, f"{OWN}:score ge 1") == ["ana"]
    assert found(scim, f"{OWN}:score ne 2") == ["ines"]
    assert patch(scim, made, "active", False).json()["active"] is False


@pytest.mark.parametrize("number", [10**20, -(2**63), 1e300])
def test_nor_does_one_in_a_json_column_stand_in_the_way(scim: ScimClient, number: Any) -> None:
    made = post(scim, body(desk=3))
    Dossier.objects.update(data={"desk": number})
    answer = scim.get(f"/Users/{made['id']}")
    assert answer.status_code == 200, answer.content
    assert patch(scim, made, "active", False).json()["active"] is False
