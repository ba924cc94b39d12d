"""A small directory with everything in it that makes filters go wrong: gaps, cases, twins, edited rows."""

from __future__ import annotations

import random
from typing import Any

from example_project.lms.models import Learner, Team
from tests.client import ScimClient
from tests.people import ENTERPRISE

#: Text whose lower case and case folding agree, so that a database's LOWER and Python's casefold do too.
WORDS = [
    "Ana",
    "ana",
    "ANA MARÍA",
    "José",
    "josé",
    "Zoë",
    "%",
    "_",
    "a_b",
    'qu"ote',
    "back\\slash",
    "Ω mega",
    "🙂",
    "x",
]
TYPES = ["work", "home", "Work", "other"]
TEAMS = ["Sales", "sales", "Platform Security", "Deck"]


def populate(scim: ScimClient, size: int = 24) -> list[dict[str, Any]]:
    """Create people over HTTP, let the LMS edit some of them, and return all resources as they are read."""
    dice = random.Random(7644)  # noqa: S311 -- no secret hangs on it
    made: list[str] = []
    for number in range(size):
        answer = scim.post("/Users", _person(dice, number, made))
        assert answer.status_code == 201, answer.content
        made.append(answer.json()["id"])
    _edit(dice, made)
    for scim_id in made[:2]:
        scim.patch(f"/Users/{scim_id}", [{"op": "remove", "path": "active"}])
    listed = scim.get("/Users?count=200").json()["Resources"]
    assert len(listed) == size
    return listed  # type: ignore[no-any-return]


def _person(dice: random.Random, number: int, made: list[str]) -> dict[str, Any]:
    def maybe(value: Any) -> Any:
        return value if dice.random() < 0.6 else None

    word = lambda: dice.choice(WORDS)  # noqa: E731
    body = {
        "userName": f"{dice.choice(['Person', 'person', 'ÉMILE'])}{number}@harborline.example",
        "externalId": maybe(f"{dice.choice(['Ext', 'ext'])}-{number // 2}"),
        "active": dice.random() < 0.7,
        "displayName": maybe(word()),
        "nickName": maybe(word()),
        "title": maybe(word()),
        "profileUrl": maybe(f"https://example.org/{dice.choice(['A', 'a'])}"),
        "name": maybe({k: word() for k in ("givenName", "familyName", "formatted") if dice.random() < 0.7}),
        "emails": maybe(_elements(dice, number, "@harborline.example")),
        "phoneNumbers": maybe(_elements(dice, number, "")),
        "addresses": maybe([{"type": dice.choice(TYPES), "locality": word(), "country": "GB"}]),
        ENTERPRISE: maybe(
            {
                "employeeNumber": maybe(f"HL-{number}"),
                "department": maybe(dice.choice(TEAMS)),
                "organization": maybe(word()),
                "manager": maybe({"value": dice.choice([*made[-3:], "nobody-yet"])}),
            }
        ),
    }
    return {key: value for key, value in body.items() if value is not None}


def _elements(dice: random.Random, number: int, tail: str) -> list[dict[str, Any]]:
    found = []
    for part in range(dice.choice([1, 1, 2, 3])):
        element: dict[str, Any] = {"value": f"{dice.choice(['Box', 'box'])}{number}{part}{tail}"}
        if dice.random() < 0.8:
            element["type"] = dice.choice(TYPES)
        if dice.random() < 0.4:
            element["display"] = dice.choice(WORDS)
        if dice.random() < 0.4:
            element["primary"] = dice.random() < 0.5
        found.append(element)
    return found


def _edit(dice: random.Random, made: list[str]) -> None:
    """What an administrator of the LMS does behind the identity provider's back."""
    for learner in Learner.objects.filter(user__scim_links__scim_id__in=made).order_by("pk"):
        deed = dice.randrange(8)
        if deed == 0:
            learner.user.first_name = dice.choice(WORDS)
        elif deed == 1:
            learner.job_role = dice.choice(WORDS)
        elif deed == 2:
            learner.user.email = "edited@lms.example"
        elif deed == 3:
            learner.team = Team.objects.get_or_create(organization=learner.organization, name="Edited")[0]
        elif deed == 4:
            learner.manager = None
        learner.user.save()
        learner.save()
