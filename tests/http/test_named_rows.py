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


def test_a_row_that_the_lms_has_called_otherwise_is_the_names_still(scim: ScimClient) -> None:
    first = join(scim, "ines.okafor", "Locks")
    Team.objects.update(name="Bolts")
    assert join(scim, "rui.sousa", "Locks") == first
    assert join(scim, "lin.wei", "Bolts") == first
    assert join(scim, "ann.bell", "LOCKS") == first


def test_a_name_is_that_of_the_row_that_has_it_now(scim: ScimClient, organization: Organization) -> None:
    first = join(scim, "ines.okafor", "Locks")
    Team.objects.update(name="Bolts")
    theirs = Team.objects.create(organization=organization, name="Locks")
    assert join(scim, "rui.sousa", "locks") == theirs
    theirs.name = "Keys"
    theirs.save()
    assert join(scim, "ann.bell", "LOCKS") == theirs
    assert join(scim, "lin.wei", "Bolts") == first


def test_a_row_of_the_lms_goes_on_being_meant_when_it_is_renamed(
    scim: ScimClient, organization: Organization
) -> None:
    theirs = Team.objects.create(organization=organization, name="Locks")
    assert join(scim, "ines.okafor", "Locks") == theirs
    Team.objects.update(name="Bolts")
    assert join(scim, "rui.sousa", "Locks") == theirs
    assert Team.objects.count() == 1


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
