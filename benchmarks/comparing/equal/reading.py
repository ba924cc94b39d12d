"""What has to be read: the token with its connection, the SSO row, people with account, profile and references."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest

from example_project.lms.models import SSOSettings
from scim_provisioning.models import ProvisionedUser, SCIMToken
from scim_provisioning.tokens.text import digest, split

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_JOINED = ("user__learner__company", "user__learner__business_unit", "user__learner__team")


class Stranger(Exception):
    """No token of ours, or sign-on is off."""


def admit(request: HttpRequest) -> SCIMToken:
    """Two statements: who asks, and whether their sign-on is on."""
    parts = split(request.headers["Authorization"].removeprefix("Bearer "))
    if parts is None:
        raise Stranger
    token = SCIMToken.objects.select_related("connection").filter(digest=digest(parts[1], "")).first()
    if token is None or not SSOSettings.objects.get(pk=token.connection.sso_key).enabled:
        raise Stranger
    return token


def everybody(token: SCIMToken) -> Any:
    living = ProvisionedUser.objects.filter(connection=token.connection, deleted_at=None)
    return living.select_related(*_JOINED)


def shown(link: ProvisionedUser) -> dict[str, Any]:
    """The document as it is kept, with what the rows say."""
    learner = link.user.learner
    enterprise = {
        **link.document[ENTERPRISE],
        "organization": learner.company.name,
        "division": learner.business_unit.name,
        "department": learner.team.name,
    }
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "id": link.scim_id,
        **link.document,
        "userName": link.user_name,
        "title": learner.job_role,
        "active": link.user.is_active,
        ENTERPRISE: enterprise,
        "meta": {
            "resourceType": "User",
            "created": link.created_at,
            "lastModified": link.modified_at,
            "version": hashlib.sha256(f"{link.pk} {link.version}".encode()).hexdigest(),
        },
    }
