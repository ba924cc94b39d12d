"""The host's SSO settings are gone, by its own pages or past Django: whoever opens what has to ask them reads so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client

from example_project.lms.models import SSOSettings
from tests.addresses import EVERY_PERMISSION
from tests.admin.addresses import PAGES, page_body, page_url
from tests.api.addresses import CALLS, address, sent
from tests.estate import Estate, browser, two_customers, undone

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]

GONE = "The SSO settings of this connection are gone."
WAYS = ["by the host's pages", "past Django"]


@pytest.fixture(scope="module")
def estate(django_db_setup: None, django_db_blocker: Any) -> Iterator[Estate]:
    with django_db_blocker.unblock(), two_customers() as (ours, _theirs):
        yield ours


@pytest.fixture(scope="module")
def staff(estate: Estate, django_db_blocker: Any) -> Client:
    with django_db_blocker.unblock():
        return browser("harborline.staff", *EVERY_PERMISSION)


@pytest.fixture(params=WAYS)
def gone(request: pytest.FixtureRequest, estate: Estate, db: None) -> Iterator[Estate]:
    """The customer, without the settings of its first connection."""
    with undone():
        settings = SSOSettings.objects.get(pk=estate.sso.pk)
        if request.param == WAYS[0]:
            settings.delete()
        else:
            table = database.ops.quote_name(SSOSettings._meta.db_table)
            with database.cursor() as cursor:
                cursor.execute(f"DELETE FROM {table} WHERE id = %s", [settings.pk])  # noqa: S608
        yield estate


def test_every_page_is_answered(gone: Estate, staff: Client) -> None:
    for name in PAGES:
        with undone():
            assert staff.get(page_url(name, gone)).status_code < 500, name
            assert staff.post(page_url(name, gone), page_body(name, gone)).status_code < 500, name


def test_every_call_is_answered(gone: Estate, staff: Client) -> None:
    for call in CALLS:
        method, url = call[0], address(call, gone)
        body = {} if method == "get" else {"data": sent(call, gone), "content_type": "application/json"}
        with undone():
            assert getattr(staff, method)(url, **body).status_code < 500, call
    queue = staff.get(address(("get", "queue"), gone))
    assert (queue.status_code, queue.json()["detail"]) == (409, GONE)


@pytest.mark.parametrize("name", ["queue", "answer", "person"])
def test_who_asks_whose_somebody_may_be_reads_why_nobody_knows(
    gone: Estate, staff: Client, name: str
) -> None:
    answer = staff.get(page_url(name, gone), follow=True)
    assert GONE in answer.content.decode()
