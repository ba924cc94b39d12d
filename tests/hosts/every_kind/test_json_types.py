"""What stands under a key in another type than the line declares is nobody's value: not shown, and not found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import ScimClient
from tests.hosts.every_kind.models import Dossier
from tests.hosts.every_kind.scim import OWN
from tests.hosts.every_kind.test_kinds import body, found, post
from tests.people import ENTERPRISE

pytestmark = pytest.mark.django_db

ODD: list[Any] = [5, 5.5, 10**30, True, ["a"], {"a": 1}, None]
LINES = {
    "string": (f"{ENTERPRISE}:costCenter", lambda value: {"cost": {"centre": value}}, "5"),
    "integer": (f"{OWN}:desk", lambda value: {"desk": value}, 5),
    "boolean": (f"{OWN}:vegan", lambda value: {"vegan": value}, True),
}


def shown(resource: dict[str, Any], path: str) -> Any:
    urn, _, name = path.rpartition(":")
    return resource.get(urn, {}).get(name)


@pytest.mark.parametrize("value", [*ODD, "5", "yes", "true"], ids=repr)
@pytest.mark.parametrize("kind", LINES)
def test_what_is_shown_is_found_and_what_is_not_is_not(scim: ScimClient, kind: str, value: Any) -> None:
    path, data, asked = LINES[kind]
    made = post(scim, body())
    Dossier.objects.update(data=data(value))
    answer = scim.get(f"/Users/{made['id']}")
    assert answer.status_code == 200, answer.content
    has = shown(answer.json(), path)
    text = f'"{asked}"' if isinstance(asked, str) else str(asked).lower()
    assert (found(scim, f"{path} pr") == ["ines"]) == (has is not None)
    assert (found(scim, f"{path} eq {text}") == ["ines"]) == (has == asked and type(has) is type(asked))
    assert (found(scim, f"not ({path} pr)") == ["ines"]) == (has is None)


def test_a_whole_number_with_a_point_is_one(scim: ScimClient) -> None:
    made = post(scim, body())
    Dossier.objects.update(data={"desk": 3.0})
    assert shown(scim.get(f"/Users/{made['id']}").json(), f"{OWN}:desk") == 3
    assert found(scim, f"{OWN}:desk eq 3") == ["ines"]
