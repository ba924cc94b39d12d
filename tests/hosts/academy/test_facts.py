"""What the academy knows beyond the seven facts: a number, a date, a level, teams, a key of a JSON field."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.client import ScimClient
from tests.hosts.academy.models import Customer, Team, User
from tests.hosts.academy.scim import ACADEMY, ENTERPRISE
from tests.hosts.current import make_connection
from tests.people import person
from tests.vendors.asking import Body, create, look_up, patch, read

pytestmark = pytest.mark.django_db

NUMBER = f"{ENTERPRISE}:employeeNumber"
COST_CENTRE = f"{ENTERPRISE}:costCenter"
LEVEL = f"{ACADEMY}:level"
HIRED = f"{ACADEMY}:hireDate"
TEAMS = f"{ACADEMY}:teams"
DEPARTMENT = f"{ENTERPRISE}:department"


def employee(name: str = "ines.okafor", *, academy: Body | None = None, **enterprise: Any) -> Body:
    """Somebody with these attributes of the two extensions, and no others."""
    return person(name, **{ENTERPRISE: enterprise or None, ACADEMY: academy})


def learner(name: str = "ines.okafor") -> User:
    return User.objects.get(email=f"{name}@harborline.example")


def teams(name: str = "ines.okafor") -> set[str]:
    return set(learner(name).teams.values_list("name", flat=True))


def found(scim: ScimClient, text: str) -> list[str]:
    return sorted(user["name"]["givenName"] for user in look_up(scim, text)["Resources"])


def replaced(path: str, value: Any) -> list[Body]:
    return [{"op": "replace", "path": path, "value": value}]


def refused(scim: ScimClient, scim_id: str, path: str, value: Any) -> None:
    """That value is a 400 which names the attribute."""
    answer = scim.patch(f"/Users/{scim_id}", replaced(path, value))
    assert answer.status_code == 400, answer.content
    assert answer.json()["scimType"] == "invalidValue"
    assert path.rpartition(":")[2] in answer.json()["detail"]


# --- an employee number that is a whole number


def test_a_number_with_leading_zeros_is_the_number_and_is_returned_as_sent(scim: ScimClient) -> None:
    made = create(scim, employee(employeeNumber="0042"))
    assert learner().employee_number == 42
    assert made[ENTERPRISE]["employeeNumber"] == "0042"
    learner_now = learner()
    learner_now.employee_number = 43
    learner_now.save()
    assert read(scim, made["id"])[ENTERPRISE]["employeeNumber"] == "43"


def test_people_are_found_and_sorted_by_number_and_not_by_its_text(scim: ScimClient) -> None:
    create(scim, employee("ana.lee", employeeNumber="0042"))
    create(scim, employee("ben.kay", employeeNumber="9"))
    create(scim, employee("cleo.ray"))
    assert found(scim, f'{NUMBER} eq "42"') == ["Ana"]
    assert found(scim, f'{NUMBER} eq "0042"') == ["Ana"]
    assert found(scim, f'{NUMBER} gt "10"') == ["Ana"]
    assert found(scim, f"{NUMBER} pr") == ["Ana", "Ben"]
    assert found(scim, f'not ({NUMBER} eq "42")') == ["Ben", "Cleo"]
    resources = scim.get(f"/Users?sortBy={NUMBER}").json()["Resources"]
    numbers = [user.get(ENTERPRISE, {}).get("employeeNumber") for user in resources]
    assert [number for number in numbers if number] == ["9", "0042"]


def test_what_is_no_number_finds_nobody(scim: ScimClient) -> None:
    create(scim, employee(employeeNumber="42"))
    assert found(scim, f'{NUMBER} eq "HL-42"') == []


@pytest.mark.parametrize("number", ["HL-20417", "4.5", "99999999999999999999", "٤٢x"])
def test_a_number_that_the_column_cannot_hold_is_refused(scim: ScimClient, number: str) -> None:
    made = create(scim, employee(employeeNumber="42"))
    refused(scim, made["id"], NUMBER, number)
    assert learner().employee_number == 42


def test_nobody_is_made_with_a_number_that_is_none(scim: ScimClient) -> None:
    answer = scim.post("/Users", employee(employeeNumber="HL-20417"))
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert not User.everybody.exists()


# --- a date of hire


@pytest.mark.parametrize("sent", ["2021-03-01", "2021-03-01T00:00:00Z"])
def test_a_date_of_hire_is_a_date_and_is_returned_as_sent(scim: ScimClient, sent: str) -> None:
    made = create(scim, employee(academy={"hireDate": sent}))
    assert learner().hired_on == datetime.date(2021, 3, 1)
    assert made[ACADEMY]["hireDate"] == sent


def test_people_are_found_by_their_date_of_hire(scim: ScimClient) -> None:
    create(scim, employee("ana.lee", academy={"hireDate": "2021-03-01"}))
    create(scim, employee("ben.kay", academy={"hireDate": "2019-12-31"}))
    assert found(scim, f'{HIRED} eq "2021-03-01"') == ["Ana"]
    assert found(scim, f'{HIRED} lt "2020-01-01"') == ["Ben"]
    assert found(scim, f'{HIRED} ge "2019-12-31"') == ["Ana", "Ben"]


def test_a_day_that_does_not_exist_is_refused(scim: ScimClient) -> None:
    made = create(scim, employee(academy={"hireDate": "2021-03-01"}))
    refused(scim, made["id"], HIRED, "2021-02-30")
    assert learner().hired_on == datetime.date(2021, 3, 1)


# --- a level


def test_a_level_that_is_not_sent_is_the_models_default(scim: ScimClient) -> None:
    made = create(scim, employee())
    assert learner().level == "J"
    assert read(scim, made["id"])[ACADEMY]["level"] == "Junior"


def test_a_level_is_stored_by_its_letter_in_whatever_case_it_is_sent(scim: ScimClient) -> None:
    made = create(scim, employee(academy={"level": "SENIOR"}))
    assert learner().level == "S"
    assert made[ACADEMY]["level"] == "SENIOR"
    User.objects.update(level="L")
    assert read(scim, made["id"])[ACADEMY]["level"] == "Lead"
    assert found(scim, f'{LEVEL} eq "lead"') == ["Ines"]
    assert found(scim, f'{LEVEL} eq "L"') == []


def test_a_level_that_does_not_exist_is_refused(scim: ScimClient) -> None:
    made = create(scim, employee(academy={"level": "Senior"}))
    refused(scim, made["id"], LEVEL, "Wizard")
    assert learner().level == "S"


def test_a_level_that_is_taken_away_is_the_models_default_again(scim: ScimClient) -> None:
    made = create(scim, employee(academy={"level": "Senior"}))
    patch(scim, made["id"], [{"op": "remove", "path": LEVEL}])
    assert learner().level == "J"


def test_the_schema_names_the_levels(scim: ScimClient) -> None:
    schema = scim.get(f"/Schemas/{ACADEMY}").json()
    level = next(attribute for attribute in schema["attributes"] if attribute["name"] == "level")
    assert level["canonicalValues"] == ["Junior", "Senior", "Lead"]


# --- teams, of which a person has several


def test_somebody_is_in_every_team_that_is_sent(scim: ScimClient, organization: Customer) -> None:
    made = create(scim, employee(academy={"teams": ["Cloud", " data "]}))
    assert teams() == {"Cloud", "data"}
    assert made[ACADEMY]["teams"] == ["Cloud", " data "]
    assert set(Team.objects.values_list("customer", flat=True)) == {organization.pk}
    assert found(scim, f'{TEAMS} eq "DATA"') == ["Ines"]


def test_teams_are_added_and_removed_one_by_one(scim: ScimClient) -> None:
    made = create(scim, employee(academy={"teams": ["Cloud", "Data"]}))
    patch(scim, made["id"], [{"op": "add", "path": TEAMS, "value": ["Ops"]}])
    assert teams() == {"Cloud", "Data", "Ops"}
    patch(scim, made["id"], replaced(TEAMS, ["Ops"]))
    assert teams() == {"Ops"}


def test_a_department_is_one_team_and_a_mover_changes_it(scim: ScimClient) -> None:
    made = create(scim, employee(department="Cloud"))
    assert teams() == {"Cloud"}
    patch(scim, made["id"], replaced(DEPARTMENT, "Data"))
    assert teams() == {"Data"}


def test_teams_into_which_the_academy_put_somebody_are_kept(scim: ScimClient, organization: Customer) -> None:
    made = create(scim, employee(department="Cloud"))
    learner().teams.add(Team.objects.create(customer=organization, name="Newcomers"))
    patch(scim, made["id"], replaced(DEPARTMENT, "Data"))
    assert teams() == {"Data", "Newcomers"}
    patch(scim, made["id"], [{"op": "remove", "path": DEPARTMENT}])
    assert teams() == {"Newcomers"}


def test_a_team_of_another_customer_is_another_team(scim: ScimClient) -> None:
    elsewhere = Team.objects.create(customer=make_connection("Other").sso.customer, name="Cloud")
    create(scim, employee(department="Cloud"))
    assert elsewhere not in learner().teams.all()
    assert teams() == {"Cloud"}


# --- a key of a JSON field


def test_a_cost_centre_is_one_key_among_others(scim: ScimClient) -> None:
    made = create(scim, employee(costCenter="CC-118"))
    assert learner().preferences == {"cost_centre": "CC-118"}
    User.objects.update(preferences={"cost_centre": "CC-118", "theme": "dark", "alerts": {"mail": True}})
    patch(scim, made["id"], replaced(COST_CENTRE, "CC-9"))
    assert learner().preferences == {"cost_centre": "CC-9", "theme": "dark", "alerts": {"mail": True}}
    patch(scim, made["id"], [{"op": "remove", "path": COST_CENTRE}])
    assert {name: value for name, value in learner().preferences.items() if value} == {
        "theme": "dark",
        "alerts": {"mail": True},
    }


def test_people_are_found_by_a_cost_centre_in_any_case(scim: ScimClient) -> None:
    made = create(scim, employee("ana.lee", costCenter="CC-118"))
    create(scim, employee("ben.kay"))
    assert found(scim, f'{COST_CENTRE} eq "cc-118"') == ["Ana"]
    assert found(scim, f"not ({COST_CENTRE} pr)") == ["Ben"]
    User.objects.filter(email__startswith="ana").update(preferences={"cost_centre": "CC-200"})
    assert read(scim, made["id"])[ENTERPRISE]["costCenter"] == "CC-200"
    assert found(scim, f'{COST_CENTRE} sw "CC-2"') == ["Ana"]


def test_preferences_of_somebody_without_a_cost_centre_are_left_alone(scim: ScimClient) -> None:
    made = create(scim, employee())
    User.objects.update(preferences={"theme": "dark"})
    patch(scim, made["id"], replaced("title", "Fellow"))
    assert learner().preferences == {"theme": "dark"}
