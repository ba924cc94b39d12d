"""Whatever somebody types who looks for a person, what the database is asked stays as short as for a few words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.addresses import EVERY_PERMISSION
from tests.admin.addresses import page_url
from tests.api.staff import url
from tests.estate import Estate, browser, two_customers

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]

#: As many as a web server lets into an address, each once or all the same.
MANY = {"different": [f"w{number}" for number in range(800)], "the same": ["w"] * 2000}
PEOPLE, LOG = (f"/admin/scim_provisioning/provisioningevent/{end}?q=" for end in ("people/", ""))


@pytest.fixture(scope="module")
def estate(django_db_setup: None, django_db_blocker: Any) -> Iterator[Estate]:
    with django_db_blocker.unblock(), two_customers() as (ours, _theirs):
        yield ours


def searches(estate: Estate) -> dict[str, str]:
    """Where words are typed, each address but for the words."""
    account = f"?account={estate.learner.user_id}"
    return {
        "doubles": f"{page_url('doubles', estate).partition('?')[0]}{account}&q=",
        "doubles by the API": f"{url('doubles', estate.connection.pk)}{account}&search=",
        "people": PEOPLE,
        "people by the API": f"{url('people', estate.connection.pk)}?search=",
        "log": LOG,
        "connections": "/admin/scim_provisioning/scimconnection/?q=",
        "units": f"{page_url('units', estate)}?q=",
        "queue": f"{page_url('answer', estate)}?q=",
        "held": f"{page_url('held', estate)}?q=",
    }


def longest(staff: Client, address: str) -> int:
    """The letters of the longest statement."""
    with CaptureQueriesContext(database) as asked:
        assert staff.get(address).status_code == 200
    return max(len(query["sql"]) for query in asked.captured_queries)


@pytest.mark.parametrize("words", MANY)
def test_many_words_make_no_longer_statement(estate: Estate, words: str) -> None:
    staff = browser(f"harborline.{words}", *EVERY_PERMISSION)
    for name, address in searches(estate).items():
        few = longest(staff, address + "+".join(f"word{number}" for number in range(5)))
        many = MANY[words]
        # A term may stand in a statement as it was typed.
        assert longest(staff, address + "+".join(many)) < 2 * few + 20 * len(" ".join(many)), name
