"""Of every kind a locked value stays in its column, and is answered, listed and found as it was sent."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from scim_provisioning.administration import keeping
from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.hosts.every_kind.models import Dossier
from tests.hosts.every_kind.scim import OWN
from tests.hosts.every_kind.test_kinds import SENT, body, found, held, names, patch, post

pytestmark = pytest.mark.django_db


def rows() -> Any:
    dossier = Dossier.objects.get()
    return (
        Dossier.objects.values().get(),
        sorted(dossier.topics.values_list("name", flat=True)),
        sorted(dossier.clubs.values_list("name", flat=True)),
    )


@pytest.mark.parametrize(("path", "value", "field", "stored"), SENT)
def test_a_locked_value_of_any_kind_stays_and_is_answered_as_sent(
    scim: ScimClient, path: str, value: Any, field: str, stored: Any
) -> None:
    made = post(scim, body())
    link = ProvisionedUser.objects.select_related("user", "connection").get()
    assert keeping.lock(link, keeping.attribute(link, path), reason="Ours", actor=None)
    before = rows()
    answer = patch(scim, made, path, value)
    assert answer.status_code == 200, answer.content
    assert held(path, answer.json()) == value
    assert rows() == before
    assert scim.get("/Users").json()["Resources"] == [answer.json()]
    assert names(scim, f"sortBy={path}") == ["ines"]
    assert found(scim, f"{path} pr") == ["ines"]
    if "hired" in path or "seen" in path:
        # Which moment a text means, the database is not asked.
        refused = scim.get(f"/Users?filter={quote(f'{path} eq {json.dumps(value)}')}")
        assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidFilter")
    else:
        assert found(scim, f"{path} eq {json.dumps(value)}") == ["ines"]
        assert found(scim, f"{path} ne {json.dumps(value)}") == []


def test_what_cannot_be_ordered_while_it_is_locked_is_refused_and_not_guessed(scim: ScimClient) -> None:
    post(scim, body())
    link = ProvisionedUser.objects.select_related("user", "connection").get()
    query = f"/Users?filter={OWN}:share%20gt%209"
    assert scim.get(query).status_code == 200
    assert keeping.lock(link, f"{OWN}:share", reason="Ours", actor=None)
    answer = scim.get(query)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
