"""The people of the soak: made up, and as their identity provider has them."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from scim_provisioning.testing.simulators import Person

_GIVEN = ("Ana", "Rui", "Ines", "Kofi", "Maren", "Olle", "Zoë")
FAMILY = ("Okafor", "Sousa", "Mensah", "Thorvald", "Berg", "Núñez")
_ROLES = ("Engineer", "Analyst", "Lead", "Clerk", "Planner")


@dataclass(slots=True)
class Life:
    """Somebody as the identity provider has them; ``is_deleted``: purged there, and not come back yet."""

    person: Person
    is_deleted: bool = False

    @property
    def has_access(self) -> bool:
        return self.person.active and not self.is_deleted


def newcomer(name: str, domain: str, boss: str | None, rng: random.Random) -> Person:
    """Somebody new, whose manager is ``boss`` (an ``objectId``)."""
    given, family = rng.choice(_GIVEN), rng.choice(FAMILY)
    return Person(
        userPrincipalName=f"{name}@{domain}",
        objectId=f"{rng.getrandbits(128):032x}",
        mailNickname=name,
        mail=f"{name}@{domain}",
        givenName=given,
        surname=family,
        displayName=f"{given} {family}",
        jobTitle=a_role(rng),
        department=a_team(rng),
        companyName="Soak Ltd",
        division="Soak Division",
        manager=boss,
    )


def a_role(rng: random.Random) -> str:
    return f"{rng.choice(_ROLES)} {rng.randint(1, 9999)}"


def a_team(rng: random.Random) -> str:
    """One in ten is new, perhaps to two players at once."""
    if rng.random() < 0.1:
        return f"Team of {int(time.monotonic())}"
    return f"Team {rng.randint(1, 8)}"
