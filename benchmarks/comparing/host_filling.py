"""A customer with that many provisioned people in the example LMS, through the app's own models.

Each row is what a POST of the same body writes, without the messages (``scim_prune`` deletes them after 30 days);
a test compares the two.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import models

from benchmarks.comparing import people
from benchmarks.comparing.stencils import SAMPLE, Stencil, insert, key
from example_project.lms.models import BusinessUnit, Company, Learner, Organization, SSOSettings, Team
from scim_provisioning import tokens
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.events import identifiers
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol import documents
from scim_provisioning.provisioning import cursors
from scim_provisioning.provisioning.links import keep_document

NAME = "Benchmark"

#: The rows that references name, by their model, in the order of their names in ``people``.
Units = dict[type, list[Any]]


def is_filled() -> bool:
    return ProvisionedUser.objects.exists()


def fill(count: int) -> None:
    """Make the customer and ``count`` people."""
    connection = _connect()
    units = _units(connection.sso.organization)
    _hear_of(units, connection)
    samples = range(SAMPLE, SAMPLE + people.KINDS)
    everything = [_person(connection, units, number) for number in samples]
    for rows in zip(*everything, strict=True):
        cut = [Stencil(row, number) for row, number in zip(rows, samples, strict=True)]
        insert(type(rows[0]), cut, range(count))


def facts(count: int) -> dict[str, str]:
    """What a client has to know: a token, and a cursor that stands where nine in ten people have been seen."""
    connection = SCIMConnection.objects.get(name=NAME)
    _row, token = tokens.issue(connection, label=NAME)
    last = people.scim_id(people.deep_start(count) - 2)
    return {"token": token, "cursor": cursors.seal(connection, (None, None, False), people.PAGE, last)}


def _connect() -> SCIMConnection:
    organization = Organization.objects.create(name=NAME)
    sso = SSOSettings.objects.create(
        organization=organization, name=NAME, entity_id=NAME, sign_in_url="https://sign-in.example/"
    )
    # More people are switched off than any customer's leave.
    return SCIMConnection.objects.create(name=NAME, sso_key=str(sso.pk), policies={"leavers_percent": 100})


def _units(organization: Organization) -> Units:
    names = {Company: people.COMPANIES, BusinessUnit: people.DIVISIONS, Team: people.DEPARTMENTS}
    return {
        model: [model.objects.create(organization=organization, name=name) for name in wanted]
        for model, wanted in names.items()
    }


def _hear_of(units: Units, connection: SCIMConnection) -> None:
    """What is kept of a name with the first person who brings it, so that nobody later is the first."""
    for entry in get_adapter_class().compiled(connection).entries:
        for unit in units.get(entry.field.related_model, ()):
            entry.declaration.names(entry.field.related_model, connection).meant_by(unit.name)


def _person(connection: SCIMConnection, units: Units, number: int) -> tuple[models.Model, ...]:
    """All rows of somebody, unsaved, in the order in which they refer to one another."""
    account = _account(number)
    link = _link(connection, number, account)
    return account, _learner(connection, units, number, account), link, _event(number, link)


def _account(number: int) -> Any:
    body = people.body(number)
    return get_user_model()(
        pk=key(number),
        username=body["userName"],
        first_name=body["name"]["givenName"],
        last_name=body["name"]["familyName"],
        email=body["emails"][0]["value"],
        password=make_password(None),
    )


def _learner(connection: SCIMConnection, units: Units, number: int, account: Any) -> Learner:
    def unit(model: type) -> Any:
        return units[model][number % people.KINDS % len(units[model])]

    return Learner(
        pk=key(number),
        user=account,
        organization_id=connection.sso.organization_id,
        job_role=people.title(number),
        company=unit(Company),
        business_unit=unit(BusinessUnit),
        team=unit(Team),
    )


def _link(connection: SCIMConnection, number: int, account: Any) -> ProvisionedUser:
    mapping = get_adapter_class().compiled(connection)
    document = {"active": True, **documents.normalise(people.body(number), mapping.schema).document}
    link = ProvisionedUser(
        pk=key(number),
        connection=connection,
        scim_id=people.scim_id(number),
        user=account,
        user_name=document["userName"],
        user_name_key=user_name_key(document["userName"]),
        external_id=document["externalId"],
    )
    # With whatever else is kept beside it, so that looking for it takes what it takes after a POST.
    keep_document(get_adapter_class()(account, link=link, connection=connection), document)
    return link


def _event(number: int, link: ProvisionedUser) -> ProvisioningEvent:
    return ProvisioningEvent(
        pk=key(number),
        connection=link.connection,
        link=link,
        operation=Operation.CREATE,
        action=Action.CREATED,
        outcome=Outcome.APPLIED,
        status=201,
        changes=documents.changes({}, link.document),
        user_name=link.user_name,
        user_name_key=identifiers.key_of(link.user_name),
        external_id=link.external_id or "",
        scim_id=link.scim_id,
        method="POST",
        path="/scim/v2/Users",
    )
