"""What has to be written: account, profile, link, audit row and messages, with the references looked up."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from benchmarks.comparing.equal.reading import ENTERPRISE, shown
from example_project.lms.models import BusinessUnit, Company, Learner, Team
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, ProvisioningPayload, SCIMToken

#: Path of an operation of Entra's -> where it is written.
_LEARNER = {"title": "job_role"}
_ACCOUNT = {"name.familyName": "last_name", "active": "is_active"}

Body = dict[str, Any]


def create(token: SCIMToken, body: Body) -> Body:
    """Nine statements: three references, account, profile, link, audit row, messages, and whether the name is free."""
    name = body["userName"]
    if User.objects.filter(username=name).exists():
        raise ValueError(name)
    account = User.objects.create(
        username=name,
        first_name=body["name"]["givenName"],
        last_name=body["name"]["familyName"],
        email=body["emails"][0]["value"],
    )
    organization, units = token.connection.sso.organization_id, body[ENTERPRISE]
    Learner.objects.create(
        user=account,
        organization_id=organization,
        job_role=body["title"],
        company=Company.objects.get(organization=organization, name=units["organization"]),
        business_unit=BusinessUnit.objects.get(organization=organization, name=units["division"]),
        team=Team.objects.get(organization=organization, name=units["department"]),
    )
    document = {key: value for key, value in body.items() if key not in ("schemas", "meta", "roles")}
    link = ProvisionedUser.objects.create(
        connection=token.connection,
        user=account,
        user_name=name,
        user_name_key=name.casefold(),
        external_id=body["externalId"],
        document=document,
        search=document,
        # As of everybody whom provisioning makes. The app reads this directory too: of whoever is marked otherwise its
        # look-ups would have to read the document, and of more than a hundred everybody's.
        asks_document=False,
    )
    return _logged(token, link, "POST", body, {"userName": [None, name]})


def change(token: SCIMToken, link: ProvisionedUser, body: Body) -> Body:
    """Up to five statements: of account and profile what changes, the link, the audit row, the messages."""
    values = {operation["path"]: operation["value"] for operation in body["Operations"]}
    before = {path: link.document.get(path) for path in values}
    for row, columns in ((link.user, _ACCOUNT), (link.user.learner, _LEARNER)):
        changed = [columns[path] for path in values if path in columns]
        for path in values:
            if path in columns:
                setattr(row, columns[path], values[path])
        if changed:
            row.save(update_fields=changed)
    link.document |= {path: value for path, value in values.items() if "." not in path}
    link.version += 1
    link.modified_at = timezone.now()
    link.save(update_fields=["document", "search", "version", "modified_at"])
    changes = {path: [before[path], value] for path, value in values.items()}
    return _logged(token, link, "PATCH", body, changes)


def _logged(token: SCIMToken, link: ProvisionedUser, method: str, body: Body, changes: Body) -> Body:
    resource = shown(link)
    event = ProvisioningEvent.objects.create(
        connection=token.connection,
        link=link,
        token=token,
        token_prefix=token.prefix,
        operation="create" if method == "POST" else "patch",
        action="created" if method == "POST" else "updated",
        outcome="applied",
        status=201 if method == "POST" else 200,
        changes=changes,
        user_name=link.user_name,
        user_name_key=link.user_name_key or "",
        external_id=link.external_id or "",
        scim_id=link.scim_id,
        method=method,
        path="/scim/v2/Users",
    )
    answer = json.dumps(resource, default=str)
    ProvisioningPayload.objects.create(event=event, request=json.dumps(body), response=answer)
    return resource
