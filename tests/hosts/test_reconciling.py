"""A connection is compared with its directory, whatever the host's shape. These tests run in every host."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import reconciliation
from scim_provisioning.administration.adoption import Directory
from scim_provisioning.administration.reconciliation import Found, Report
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import documents
from tests.client import ScimClient
from tests.hosts.current import host, spelled
from tests.people import person

pytestmark = pytest.mark.django_db


def directory(connection: SCIMConnection, *bodies: dict[str, Any]) -> Directory:
    """These people, and everything that is said of any of them."""
    schema = get_adapter_class().compiled(connection).schema
    people = [documents.normalise(spelled(body), schema).document for body in bodies]
    said = {path for one in people for path in documents.changes({}, one)}
    return Directory(people, attributes=frozenset(said))


def found(report: Report) -> dict[Found, int]:
    return {what: number for what, number in report.counts.items() if number}


def test_whoever_was_sent_as_the_directory_says_agrees_and_has_not_drifted(
    scim: ScimClient, other: ScimClient, connection: SCIMConnection
) -> None:
    for name in ("ines.okafor", "rui.sousa"):
        assert scim.post("/Users", spelled(person(name))).status_code == 201
    other.post("/Users", spelled(person("lin.wei")))
    report = reconciliation.examine(
        connection, directory(connection, person("ines.okafor"), person("rui.sousa"))
    )
    assert (found(report), report.lines) == ({Found.AGREES: 2}, [])
    assert (report.compared, report.drifted) == (2, 0)


def test_who_was_switched_off_here_differs_and_has_drifted(
    scim: ScimClient, connection: SCIMConnection, organization: Any
) -> None:
    scim.post("/Users", spelled(person("ines.okafor")))
    host().switch("ines.okafor@harborline.example", organization, False)
    report = reconciliation.examine(connection, directory(connection, person("ines.okafor")))
    (line,) = report.lines
    assert [(one.attribute, one.here, one.there) for one in line.differences] == [("active", False, True)]
    assert report.drifted == 1


def test_who_is_missing_on_either_side_is_named(scim: ScimClient, connection: SCIMConnection) -> None:
    scim.post("/Users", spelled(person("ines.okafor")))
    report = reconciliation.examine(connection, directory(connection, person("rui.sousa")))
    named = {line.found: line.name.partition("@")[0] for line in report.lines}
    assert named == {Found.NOT_THERE: "ines.okafor", Found.NOT_HERE: "rui.sousa"}


def test_an_account_that_nobody_manages_is_named_and_another_customers_is_not(
    scim: ScimClient, other: ScimClient, connection: SCIMConnection
) -> None:
    for client, name in ((scim, "ines.okafor"), (other, "rui.sousa")):
        client.post("/Users", spelled(person(name)))
    mine = ProvisionedUser.objects.get(connection=connection)
    ines = mine.user
    assert reconciliation.examine(connection).lines == []
    mine.delete()
    (line,) = reconciliation.examine(connection).lines
    assert (line.found, line.name) == (Found.UNMANAGED, ines.get_username())  # type: ignore[union-attr]
