"""The row that a name stands for: whoever made it, however it is spelled, and whatever the LMS has done to it since."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from example_project.lms.models import Learner, Organization, Team
from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, OrganizationFactory
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


@pytest.mark.parametrize("written", [" Research  and Sales", "Research and Sales ", "  Research and   Sales"])
def test_spaces_around_and_between_the_words_of_a_name_make_no_difference_to_any_filter(
    written: str, scim: ScimClient, organization: Organization
) -> None:
    """The LMS has written it so; the identity provider sends it as people read it."""
    theirs = Team.objects.create(organization=organization, name=written)
    assert join(scim, "ines.okafor", "Research and Sales") == theirs
    by_hand = LearnerFactory(organization=organization, team=None)
    for words in (
        'eq "Research and Sales"',
        'eq " research  and sales "',
        'ge "Research and Sales"',
        'le "Research and Sales"',
        'sw "Research and S"',
        'sw " Research"',
        'ew "and Sales"',
        'ew "and  Sales "',
        'co "h and S"',
        'co "h  and"',
    ):
        assert found(scim, f"{ENTERPRISE}:department {words}") == ["ines.okafor"], words
    for words in ('gt "Research and Sales"', 'lt "Research and Sales"', 'sw "esearch"', 'co "hand"'):
        assert found(scim, f"{ENTERPRISE}:department {words}") == [], words
    assert by_hand.team is None


def test_a_name_of_the_lms_is_shown_without_the_spaces_around_it(
    scim: ScimClient, organization: Organization
) -> None:
    join(scim, "ines.okafor", "Locks")
    Learner.objects.update(team=Team.objects.create(organization=organization, name=" Bolts  and Nuts"))
    shown = scim.get("/Users").json()["Resources"][0]
    assert shown[ENTERPRISE]["department"] == "Bolts and Nuts"
    assert found(scim, f'{ENTERPRISE}:department sw "Bolts and"') == ["ines.okafor"]


def test_people_are_sorted_by_the_names_of_their_teams_without_the_spaces_around_them(
    scim: ScimClient, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="  Zinc")
    join(scim, "ann.bell", "Zinc")
    join(scim, "rui.sousa", "Bolts")
    people = scim.get(f"/Users?sortBy={ENTERPRISE}:department").json()["Resources"]
    assert [one["userName"].partition("@")[0] for one in people] == ["rui.sousa", "ann.bell"]


def test_a_name_that_waits_is_found_without_the_spaces_around_it(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    connection.policies = {"new_units": {f"{ENTERPRISE}:department": "review"}}
    connection.save()
    answer = scim.post("/Users", person("ines.okafor", **{ENTERPRISE: {"department": " New  Team"}}))
    assert answer.status_code == 201
    for words in ('eq "new team"', 'eq " New  Team"', 'sw "New Te"', 'co "w T"', 'ge "new team"', "pr"):
        assert found(scim, f"{ENTERPRISE}:department {words}") == ["ines.okafor"], words


def found(scim: ScimClient, words: str) -> list[str]:
    answer = scim.get(f"/Users?filter={quote(words)}")
    assert answer.status_code == 200, answer.content
    return sorted(one["userName"].partition("@")[0] for one in answer.json()["Resources"])
