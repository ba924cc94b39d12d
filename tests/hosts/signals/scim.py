"""What an LMS whose profiles are made by a signal tells scim_provisioning."""

from __future__ import annotations

from typing import Any

import scim_provisioning.adapters as scim
from scim_provisioning.adapters import ENTERPRISE
from scim_provisioning.models import SCIMConnection

from .models import Desk, Profile, Site

STAFF = "urn:ietf:params:scim:schemas:extension:staff:2.0:User"


def tenant(connection: SCIMConnection) -> int:
    customer_id: int = connection.sso.customer_id
    return customer_id


def head_office(connection: SCIMConnection) -> Site:
    """Where somebody works whose directory does not say."""
    site, _made = Site.objects.get_or_create(customer_id=tenant(connection), name="Head office")
    return site


class LearnerAdapter(scim.LearnerAdapter):
    rows = {
        "profile": scim.RelatedRow(Profile, user_field="user", within={"customer_id": tenant}),
        "desk": scim.RelatedRow(Desk, user_field="user", defaults={"site": head_office}),
    }

    mapping = [
        scim.Text("userName", "username"),
        scim.Text("name.givenName", "first_name"),
        scim.Text("name.familyName", "last_name"),
        scim.Email("emails", "email", fallback="userName"),
        scim.Text("title", "profile.position"),
        scim.Reference(f"{ENTERPRISE}:organization", "profile.employer", within={"customer_id": tenant}),
        scim.Reference(
            f"{ENTERPRISE}:division", "profile.department", by="title", within={"customer_id": tenant}
        ),
        scim.Reference(f"{ENTERPRISE}:department", "profile.squad", within={"customer_id": tenant}),
        scim.Manager("profile.manager"),
        scim.Text(f"{STAFF}:badge", "profile.badge"),
        scim.Text(f"{STAFF}:room", "desk.room"),
        scim.Reference(f"{STAFF}:site", "desk.site", within={"customer_id": tenant}, when_empty="keep"),
    ]

    def restore(self, account: Any) -> None:
        account.desk.given_back_at = None
        account.desk.save(update_fields=["given_back_at"])
