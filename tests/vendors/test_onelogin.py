"""OneLogin: bodies rendered from the JSON template that an administrator pastes."""

from __future__ import annotations

import pytest

from tests.client import ScimClient
from tests.vendors.asking import CORE_1, ENTERPRISE, Body, create, look_up, read

pytestmark = pytest.mark.django_db


def rendered(**more: object) -> Body:
    """A template with the SCIM 1 URN alone, an address without a type and macros that rendered to nothing."""
    return {
        "schemas": [CORE_1],
        "userName": "olle.berg@quayside.example",
        "externalId": "10733",
        "displayName": "Olle Berg",
        "name": {"givenName": "Olle", "familyName": "Berg", "formatted": "Olle Berg"},
        "title": "",
        "emails": [{"value": "olle.berg@quayside.example", "type": "work", "primary": True}],
        "addresses": [{"streetAddress": "", "locality": "Umea", "country": "SE", "primary": True}],
        "phoneNumbers": [{"value": "", "type": "work"}, {"value": "+46 90 550 10", "type": "mobile"}],
        ENTERPRISE: {"department": "Sheds", "manager": {"value": "", "displayName": " "}},
        **more,
    }


def test_template_creates_a_user_whose_empty_macros_are_no_values(scim: ScimClient) -> None:
    made = create(scim, rendered())
    assert "title" not in made
    assert made["addresses"] == [{"locality": "Umea", "country": "SE", "primary": True}]
    assert made["phoneNumbers"] == [{"value": "+46 90 550 10", "type": "mobile"}]
    assert made[ENTERPRISE] == {"department": "Sheds"}
    assert made["active"] is True


def test_users_are_looked_up_updated_by_put_and_suspended(scim: ScimClient) -> None:
    made = create(scim, rendered())
    assert look_up(scim, 'userName eq "olle.berg@quayside.example"')["Resources"] == [made]
    answer = scim.put(f"/Users/{made['id']}", rendered(title="Smith", active=False))
    assert answer.status_code == 200
    left = read(scim, made["id"])
    assert (left["title"], left["active"], left["externalId"]) == ("Smith", False, "10733")


def test_put_of_the_same_template_clears_a_title_that_was_set(scim: ScimClient) -> None:
    made = create(scim, rendered(title="Smith"))
    assert "title" not in scim.put(f"/Users/{made['id']}", rendered()).json()


def test_delete_where_the_administrator_chose_it(scim: ScimClient) -> None:
    made = create(scim, rendered())
    assert scim.delete(f"/Users/{made['id']}").status_code == 204
    assert create(scim, rendered())["id"] == made["id"]


def test_group_url_with_a_bare_question_mark_and_no_user_agent_is_answered_cleanly(scim: ScimClient) -> None:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": []}
    answer = scim.patch("/Groups/4711?", body, user_agent="")
    assert (answer.status_code, answer.json()["status"]) == (501, "501")
    assert "group provisioning" in answer.json()["detail"]
