"""The row that a name stands for: whoever made it, however it is spelled, and whatever the LMS has done to it since."""

from __future__ import annotations

import pytest

from example_project.lms.models import Learner, Organization, Team
from tests.client import ScimClient
from tests.lms_factories import OrganizationFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db


def join(scim: ScimClient, name: str, team: str) -> Team:
    """The team that somebody new is in."""
    answer = scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}}))
    assert answer.status_code == 201, answer.content
    assert answer.json()[ENTERPRISE]["department"] == team
    found = Learner.objects.select_related("team").get(user__username=answer.json()["userName"]).team
    assert found is not None
    return found


@pytest.mark.parametrize("spelling", ["STRASSE 7", "Straße 7", "straße  7", " strasse 7 "])
def test_spellings_that_no_database_takes_for_one_name_make_one_row(spelling: str, scim: ScimClient) -> None:
    first = join(scim, "ines.okafor", "Straße 7")
    assert join(scim, "rui.sousa", spelling) == first
    assert Team.objects.get().name == "Straße 7"


def test_a_row_that_the_lms_has_called_otherwise_is_not_the_names_any_more(scim: ScimClient) -> None:
    first = join(scim, "ines.okafor", "Locks")
    Team.objects.update(name="Bolts")
    second = join(scim, "rui.sousa", "Locks")
    assert second != first
    assert join(scim, "lin.wei", "Bolts") == first
    assert join(scim, "ann.bell", "LOCKS") == second


def test_a_row_that_the_lms_has_deleted_is_made_again(scim: ScimClient) -> None:
    join(scim, "ines.okafor", "Locks")
    Team.objects.all().delete()
    assert join(scim, "rui.sousa", "Locks").name == "Locks"


def test_a_row_that_the_lms_has_given_to_another_customer_is_theirs(
    scim: ScimClient, organization: Organization
) -> None:
    first = join(scim, "ines.okafor", "Locks")
    Team.objects.update(organization=OrganizationFactory())
    second = join(scim, "rui.sousa", "Locks")
    assert (second == first, second.organization) == (False, organization)
