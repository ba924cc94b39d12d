"""A payload tried in a club: the membership's status, and rows of which an account may have several."""

from __future__ import annotations

import pytest

from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.hosts.club.models import Membership
from tests.people import ENTERPRISE, person
from tests.trials import comes_true, operations

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def test_a_newcomer_is_shown_with_their_membership(scim: ScimClient, connection: SCIMConnection) -> None:
    changed = comes_true(scim, connection, person(), INES)
    assert changed["membership.status"] == (None, "active")
    assert changed["membership.team"] == (None, "Platform Security")


def test_a_leaver_is_shown_suspended(scim: ScimClient, ines: str, connection: SCIMConnection) -> None:
    changed = comes_true(scim, connection, operations(("Replace", "active", "False")), INES, ines)
    assert changed == {"membership.status": ("active", "suspended")}


def test_whoever_was_only_invited_is_shown_to_stay_so(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    Membership.objects.update(status=Membership.Status.INVITED)
    both = operations(("Replace", "active", "True"), ("Replace", "title", "Head"))
    changed = comes_true(scim, connection, both, INES, ines)
    assert changed == {"membership.job_role": ("Secure Coding Lead", "Head")}


def test_a_division_that_is_new_is_shown_by_its_name(
    scim: ScimClient, ines: str, connection: SCIMConnection
) -> None:
    patch = operations(("Add", f"{ENTERPRISE}:division", "Retail"))
    changed = comes_true(scim, connection, patch, INES, ines)
    assert changed == {"membership.division": (None, "Retail")}
