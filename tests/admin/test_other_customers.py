"""One customer's staff name another customer's rows, in the address, behind it and in the form: nothing is shown of
them, and nothing becomes of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.addresses import EVERY_PERMISSION
from tests.admin.addresses import PAGES, page_body, page_url
from tests.askers import told
from tests.estate import Estate, browser, undone
from tests.tables import everything

pytestmark = pytest.mark.django_db

#: Pages that name rows in their path: learners, operations, tokens, shares, questions, names of units.
NAMING = [name for name, page in PAGES.items() if page.names_rows]


@pytest.fixture(scope="module")
def staff(estates: tuple[Estate, Estate], django_db_blocker: Any) -> Client:
    """Brightwater's, who may do everything with what is theirs."""
    with django_db_blocker.unblock():
        return browser("brightwater.staff", *EVERY_PERMISSION)


@pytest.mark.parametrize("name", NAMING)
def test_another_customers_rows_are_not_found_below_ones_own_connection(
    estates: tuple[Estate, Estate], staff: Client, name: str
) -> None:
    theirs, ours = estates
    url, body = page_url(name, ours, named=theirs), page_body(name, theirs)
    before = everything()
    for answer in (staff.get(url), staff.post(url, body)):
        assert answer.status_code == 404
        assert theirs.word not in told(answer)
    assert everything() == before


@pytest.mark.parametrize("name", PAGES)
def test_another_customers_rows_behind_the_address_and_in_the_form_are_left_alone(
    estates: tuple[Estate, Estate], staff: Client, name: str
) -> None:
    theirs, ours = estates
    page, before = PAGES[name], theirs.belongings()
    url, body = page_url(name, ours, asking=theirs), page_body(name, theirs)
    with undone():
        for answer in (staff.get(url), staff.post(url, body)):
            assert answer.status_code in (200, 302, 404, 409)
            assert theirs.word not in told(answer, page.query(theirs), body)
        # What is said of it stands on the next page.
        assert theirs.word not in told(staff.get(reverse("admin:index")), page.query(theirs), body)
        assert theirs.belongings() == before


@pytest.mark.parametrize("name", PAGES)
def test_what_is_done_with_ones_own_changes_nothing_of_another_customer(
    estates: tuple[Estate, Estate], staff: Client, name: str
) -> None:
    theirs, ours = estates
    before, own = theirs.belongings(), ours.belongings()
    with undone():
        answer = staff.post(page_url(name, ours), page_body(name, ours))
        assert theirs.word not in told(answer)
        assert theirs.belongings() == before
        assert (ours.belongings() != own) == PAGES[name].changes
