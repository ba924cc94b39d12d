"""A customer with that many provisioned people in the example LMS, through the app's own models.

Each row is what a POST of the same body writes, without the messages (``scim_prune`` deletes them after 30 days);
a test compares the two.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from benchmarks.comparing import people
from example_project.lms.models import BusinessUnit, Company, Learner, Organization, SSOSettings, Team
from scim_provisioning import tokens
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.sql.searchable import search_copy
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
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning import cursors

NAME = "Benchmark"
_BATCH = 1000
_NUMBER = "@number"


def fill(count: int) -> None:
    """Make the customer and ``count`` people, in some twenty seconds for 100,000."""
    connection = _connect()
    units = _units(connection.sso.organization)
    for start in range(0, count, _BATCH):
        _provision(connection, units, range(start, min(start + _BATCH, count)))


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
    return SCIMConnection.objects.create(name=NAME, sso_key=str(sso.pk))


def _units(organization: Organization) -> dict[type, list[Any]]:
    """The rows that references name, in the order of their names in ``people``."""
    names = {Company: people.COMPANIES, BusinessUnit: people.DIVISIONS, Team: people.DEPARTMENTS}
    return {
        model: [model.objects.create(organization=organization, name=name) for name in wanted]
        for model, wanted in names.items()
    }


def _provision(connection: SCIMConnection, units: dict[type, list[Any]], numbers: range) -> None:
    accounts = get_user_model().objects.bulk_create([_account(people.body(number)) for number in numbers])
    rows = list(zip(numbers, accounts, strict=True))
    Learner.objects.bulk_create([_learner(connection, units, *row) for row in rows])
    links = ProvisionedUser.objects.bulk_create([_link(connection, *row) for row in rows])
    ProvisioningEvent.objects.bulk_create([_event(*row) for row in zip(numbers, links, strict=True)])


def _account(body: people.Body) -> Any:
    return get_user_model()(
        username=body["userName"],
        first_name=body["name"]["givenName"],
        last_name=body["name"]["familyName"],
        email=body["emails"][0]["value"],
        password=_no_password(),
    )


@cache
def _no_password() -> str:
    return make_password(None)


def _learner(connection: SCIMConnection, units: dict[type, list[Any]], number: int, account: Any) -> Learner:
    def unit(model: type) -> Any:
        return units[model][number % len(units[model])]

    return Learner(
        user=account,
        organization_id=connection.sso.organization_id,
        job_role=people.title(number),
        company=unit(Company),
        business_unit=unit(BusinessUnit),
        team=unit(Team),
    )


def _link(connection: SCIMConnection, number: int, account: Any) -> ProvisionedUser:
    kept = _Kept.of(number)
    return ProvisionedUser(
        connection=connection,
        scim_id=people.scim_id(number),
        user=account,
        user_name=people.user_name(number),
        user_name_key=user_name_key(people.user_name(number)),
        external_id=people.external_id(number),
        document=kept.document,
        search=kept.search,
    )


def _event(number: int, link: ProvisionedUser) -> ProvisioningEvent:
    return ProvisioningEvent(
        connection_id=link.connection_id,
        link_id=link.pk,
        operation=Operation.CREATE,
        action=Action.CREATED,
        outcome=Outcome.APPLIED,
        status=201,
        changes=_Kept.of(number).changes,
        user_name=link.user_name,
        user_name_key=identifiers.key_of(link.user_name),
        external_id=link.external_id or "",
        scim_id=link.scim_id,
        method="POST",
        path="/scim/v2/Users",
    )


class _Kept(NamedTuple):
    """What is kept of somebody as JSON."""

    document: Document
    search: Document
    changes: Document

    @classmethod
    def of(cls, number: int) -> _Kept:
        """Made by the app for one of each kind, as the others differ in nothing but their numbers."""
        return cls(*json.loads(_of_kind(number % people.KINDS).replace(_NUMBER, f"{number:07d}")))


@cache
def _of_kind(kind: int) -> str:
    number = people.KINDS * 1000 + kind
    mapping = get_adapter_class().compiled(SCIMConnection.objects.get(name=NAME))
    document = {"active": True, **documents.normalise(people.body(number), mapping.schema).document}
    search = search_copy(document, mapping, awaits_manager=False)
    kept = json.dumps([document, search, documents.changes({}, document)])
    return kept.replace(f"{number:07d}", _NUMBER)
