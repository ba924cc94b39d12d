"""Somebody is forgotten whom an identity provider has renamed thousands of times: looking at it stays quick, and
nothing of any of the names is left."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from scim_provisioning.administration import erasure
from scim_provisioning.models import AdoptionAnswer, FormerIdentifier, ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol.text import fold
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

NAME = "ines.okafor@harborline.example"


def renamed(scim: ScimClient, name: str, times: int) -> erasure.Person:
    """Somebody with so many former userNames, of which the first was refused to somebody, as the log knows."""
    scim.post("/Users", person(userName=name, externalId=name))
    link = ProvisionedUser.objects.select_related("connection").get(user_name=name)
    former = [f"{name}.was{number}" for number in range(times)]
    kind = FormerIdentifier.Kind.USER_NAME
    facts = {"connection": link.connection, "link": link, "kind": kind}
    FormerIdentifier.objects.bulk_create(
        [FormerIdentifier(**facts, value=text, key=fold(text)) for text in former]
    )
    refused = person(userName=former[0], externalId=former[0], emails="none")
    assert scim.post("/Users", refused).status_code == 400
    return erasure.Person(link.connection, link)


def statements(who: erasure.Person) -> int:
    with CaptureQueriesContext(database) as asked:
        erasure.preview(who)
    return len(asked)


def test_to_look_at_it_takes_no_statement_more_for_a_thousand_names_more(scim: ScimClient) -> None:
    few, many = renamed(scim, "few@h.example", 3), renamed(scim, "many@h.example", 1_003)
    erasure.preview(few)
    assert statements(many) <= statements(few) + 10
    # Of so many only the last are counted, which the page says.
    tally = erasure.preview(many).tally
    assert tally.is_least
    assert tally.changed[FormerIdentifier] == 500


def test_nothing_is_left_of_any_of_the_names(scim: ScimClient) -> None:
    who = renamed(scim, NAME, 1_203)
    answered = AdoptionAnswer.objects.create(
        connection=who.connection,
        user_name=f"{NAME}.was1200",
        user_name_key=f"{NAME}.was1200",
        verdict=AdoptionAnswer.Verdict.IGNORED,
    )
    done = erasure.forget(who, actor=None, even_if_active=True)
    assert not done.tally.is_least
    assert done.tally.changed[FormerIdentifier] >= 1_203
    assert not FormerIdentifier.objects.filter(value__contains="ines.okafor").exists()
    assert not FormerIdentifier.objects.filter(key__contains="ines.okafor").exists()
    assert not AdoptionAnswer.objects.filter(pk=answered.pk).exists()
    said = ProvisioningEvent.objects.filter(user_name_key__contains="ines.okafor")
    assert not said.exists()


def test_a_name_that_somebody_else_has_had_since_is_theirs(scim: ScimClient) -> None:
    who = renamed(scim, NAME, 3)
    theirs = f"{NAME}.was1"
    before = ProvisioningEvent.objects.create(
        connection=who.connection, user_name=theirs, user_name_key=theirs, outcome="refused", operation="post"
    )
    assert scim.post("/Users", person(userName=theirs, externalId="theirs")).status_code == 201
    after = ProvisioningEvent.objects.create(
        connection=who.connection, user_name=theirs, user_name_key=theirs, outcome="refused", operation="post"
    )
    erasure.forget(who, actor=None, even_if_active=True)
    left = ProvisioningEvent.objects.filter(user_name_key=theirs, link__isnull=True)
    assert [event.pk for event in left] == [after.pk]
    assert ProvisioningEvent.objects.get(pk=before.pk).user_name != theirs


def test_the_latest_names_are_those_by_which_others_mention_somebody(scim: ScimClient) -> None:
    who = renamed(scim, NAME, 1)
    link = who.link
    assert link is not None
    kind, value = FormerIdentifier.Kind.USER_NAME, "known.so@harborline.example"
    facts = {"connection": link.connection, "link": link, "kind": kind}
    FormerIdentifier.objects.bulk_create(
        FormerIdentifier(**facts, value=text, key=text)
        for text in [*(f"x{number}@long.long.long.long.long.example" for number in range(100)), value]
    )
    manager = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": value}}}
    scim.post("/Users", person("jo.park", **manager))
    assert value in str(ProvisionedUser.objects.get(user_name__startswith="jo.park").document)
    erasure.forget(who, actor=None, even_if_active=True)
    assert value not in str(ProvisionedUser.objects.get(user_name__startswith="jo.park").document)
