"""What is sent finer than it is shown is returned as sent, and found by what it is shown as."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.client import ScimClient
from tests.hosts.every_kind.scim import OWN
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "sent", "found_by"),
    [
        ("seen", "2020-01-01T00:00:00.123456+02:00", "2019-12-31T22:00:00.123Z"),
        ("hired", "2001-02-03T10:00:00Z", "2001-02-03"),
    ],
)
def test_a_finer_moment_is_returned_as_sent_and_found_without_what_is_finer(
    scim: ScimClient, name: str, sent: str, found_by: str
) -> None:
    made = scim.post("/Users", person(**{OWN: {name: sent}, ENTERPRISE: None})).json()
    assert scim.get(f"/Users/{made['id']}").json()[OWN][name] == sent
    for value, count in ((found_by, 1), (sent, 0)):
        answer = scim.get("/Users?filter=" + quote(f'{OWN}:{name} eq "{value}"'))
        assert answer.json()["totalResults"] == count
