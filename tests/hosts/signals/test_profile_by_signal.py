"""Saving the account makes the profile: SCIM takes that row over, and the receivers keep working."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.client import ScimClient
from tests.hosts.signals.models import Customer, Desk, Employer, Profile, SingleSignOn, Site, Squad
from tests.hosts.signals.scim import ENTERPRISE, STAFF
from tests.people import person
from tests.vendors.asking import Body, create, patch, read

pytestmark = pytest.mark.django_db


def staff(name: str = "ines.okafor", **values: Any) -> Body:
    return person(name, **{STAFF: values})


def profile(name: str = "ines.okafor") -> Profile:
    return Profile.objects.get(user__username=f"{name}@harborline.example")


def replaced(path: str, value: Any) -> list[Body]:
    return [{"op": "replace", "path": path, "value": value}]


def test_the_row_that_the_signal_made_becomes_the_learners(scim: ScimClient, organization: Customer) -> None:
    create(scim, person())
    assert Profile.objects.count() == User.objects.count() == 1
    assert profile().customer == organization
    assert profile().position == "Secure Coding Lead"


def test_the_receiver_that_saves_the_profile_undoes_no_change(scim: ScimClient) -> None:
    made = create(scim, person())
    Profile.objects.update(points=70)
    both = [*replaced("name.familyName", "Bell"), *replaced("title", "Fellow")]
    patch(scim, made["id"], both)
    now = profile()
    assert (now.user.last_name, now.position, now.points) == ("Bell", "Fellow", 70)


def test_somebody_who_returns_has_the_same_profile(scim: ScimClient) -> None:
    made = create(scim, person())
    Profile.objects.update(points=70)
    scim.delete(f"/Users/{made['id']}")
    assert not profile().user.is_active
    assert create(scim, person())["id"] == made["id"]
    assert (Profile.objects.count(), profile().points) == (1, 70)
    assert profile().user.is_active


def test_a_profile_without_a_customer_is_not_anybodys_learner(scim: ScimClient) -> None:
    """An account that the LMS made by itself may be a customer's or not: nobody knows, so nobody takes it."""
    User.objects.create_user("ines.okafor@harborline.example")
    create(scim, person())
    untouched = Profile.objects.get(user__username="ines.okafor@harborline.example")
    assert (untouched.customer, untouched.position) == (None, "")
    assert Profile.objects.count() == 2


def test_nobody_takes_over_the_profile_of_another_customer(scim: ScimClient, other: ScimClient) -> None:
    create(other, person(title="Theirs"))
    create(scim, person(title="Ours"))
    owners = dict(Profile.objects.values_list("position", "customer"))
    assert set(owners) == {"Theirs", "Ours"}
    assert owners["Theirs"] != owners["Ours"]


# --- names that somebody else fills in, or that nothing keeps apart


def test_a_new_employer_gets_the_slug_that_its_save_fills_in(scim: ScimClient) -> None:
    create(scim, person(**{ENTERPRISE: {"organization": "Harborline Ltd"}}))
    assert profile().employer == Employer.objects.get(slug="harborline-ltd")


def test_two_employers_whose_names_make_one_slug_are_two(scim: ScimClient) -> None:
    create(scim, person("ana.lee", **{ENTERPRISE: {"organization": "Salt & Sons"}}))
    create(scim, person("ben.kay", **{ENTERPRISE: {"organization": "Salt Sons"}}))
    assert set(Employer.objects.values_list("name", "slug")) == {
        ("Salt & Sons", "salt-sons"),
        ("Salt Sons", "salt-sons-2"),
    }


def test_the_same_employer_of_two_customers_is_two_rows(scim: ScimClient, other: ScimClient) -> None:
    for client in (scim, other):
        create(client, person(**{ENTERPRISE: {"organization": "Harborline Ltd"}}))
    assert Employer.objects.filter(slug="harborline-ltd").count() == 2


def test_of_two_squads_of_one_name_the_first_is_used_and_no_third_is_made(
    scim: ScimClient, organization: Customer
) -> None:
    first, _second = (Squad.objects.create(customer=organization, name="Cloud") for _ in range(2))
    create(scim, person(**{ENTERPRISE: {"department": "cloud"}}))
    assert profile().squad == first
    assert Squad.objects.count() == 2


def test_somebody_stays_in_the_second_squad_of_a_name(scim: ScimClient, organization: Customer) -> None:
    """The LMS moved them there; the name that the identity provider sends again means that one as well."""
    made = create(scim, person(**{ENTERPRISE: {"department": "Cloud"}}))
    second = Squad.objects.create(customer=organization, name="Cloud")
    Profile.objects.update(squad=second)
    patch(scim, made["id"], replaced(f"{ENTERPRISE}:department", "Cloud"))
    assert profile().squad == second


# --- a second row of the person, which cannot be without a site


def test_a_desk_is_at_the_head_office_unless_the_directory_says_otherwise(
    scim: ScimClient, organization: Customer
) -> None:
    create(scim, staff("ana.lee", room="4.12"))
    create(scim, staff("ben.kay", room="4.13", site="Leith"))
    desks = {desk.room: desk.site.name for desk in Desk.objects.select_related("site")}
    assert desks == {"4.12": "Head office", "4.13": "Leith"}
    assert set(Site.objects.values_list("customer", flat=True)) == {organization.pk}


def test_the_default_fills_new_desks_only(scim: ScimClient, organization: Customer) -> None:
    made = create(scim, staff(room="4.12"))
    Desk.objects.update(site=Site.objects.create(customer=organization, name="Quay House"))
    answer = patch(scim, made["id"], replaced(f"{STAFF}:room", "5.01"))
    assert answer[STAFF]["site"] == "Quay House"
    assert Desk.objects.get().room == "5.01"


def test_a_site_that_is_taken_away_is_kept_because_a_desk_needs_one(scim: ScimClient) -> None:
    made = create(scim, staff(room="4.12", site="Leith"))
    patch(scim, made["id"], [{"op": "remove", "path": f"{STAFF}:site"}])
    assert Desk.objects.get().site.name == "Leith"


# --- what the database refuses


def test_a_badge_that_somebody_else_wears_is_a_409_that_names_it(scim: ScimClient) -> None:
    create(scim, staff("ana.lee", badge="B-7"))
    answer = scim.post("/Users", staff("ben.kay", badge="B-7"))
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert "badge" in answer.json()["detail"]
    assert User.objects.count() == Profile.objects.count() == 1


def test_a_room_that_a_check_constraint_forbids_is_a_400_that_names_no_account(scim: ScimClient) -> None:
    made = create(scim, staff(room="4.12"))
    answer = scim.patch(f"/Users/{made['id']}", replaced(f"{STAFF}:room", "13"))
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "another account" not in answer.json()["detail"]
    assert read(scim, made["id"])[STAFF]["room"] == "4.12"


# --- single sign-on


def test_a_customer_who_leaves_saml_is_served_no_longer(
    scim: ScimClient, sso: SingleSignOn, organization: Customer
) -> None:
    create(scim, person())
    sso.protocol = SingleSignOn.Protocol.OIDC
    sso.save()
    assert scim.get("/Users").status_code == 403
    sso.delete()
    assert scim.get("/Users").status_code == 401


def test_a_manager_is_an_account(scim: ScimClient) -> None:
    boss = create(scim, person("boss.one"))["id"]
    made = create(scim, person(**{ENTERPRISE: {"manager": {"value": boss}}}))
    assert profile().manager == User.objects.get(username="boss.one@harborline.example")
    patch(scim, made["id"], [{"op": "remove", "path": f"{ENTERPRISE}:manager"}])
    assert profile().manager is None
