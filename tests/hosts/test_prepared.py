"""Statements that are compiled once yield what their querysets yield, in every host and with every mapping.

Run as it is it plays on the example LMS; ``test_other_hosts.py`` runs it again inside the other hosts.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection as database
from django.db import models

from scim_provisioning.adapters import links
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.conf import app_settings
from scim_provisioning.databases import prepared
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
from scim_provisioning.provisioning import loading, showing
from scim_provisioning.tokens import authentication
from tests.client import ScimClient
from tests.hosts.current import make_connection, spelled
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

#: Every question that a request asks again and again, by the function that builds it.
QUESTIONS = {authentication._with_digest, links._narrowed}
if database.features.has_select_for_update:
    # Whom SQLite changes it reads at once.
    QUESTIONS.add(loading._same_account)

seen: list[tuple[Any, bool]] = []


def snapshot(found: Any, met: frozenset[int] = frozenset()) -> Any:
    """All that can be told of a value: its type, and of a model its state, its columns and what is loaded beside it."""
    if not isinstance(found, models.Model):
        if isinstance(found, tuple | list):
            return type(found), [snapshot(item, met) for item in found]
        return type(found), found
    if id(found) in met:
        return type(found), found.pk
    met |= {id(found)}
    values = {name: snapshot(value, met) for name, value in vars(found).items() if name != "_state"}
    cached = {name: snapshot(value, met) for name, value in found._state.fields_cache.items()}
    state = (found._state.db, found._state.adding, sorted(found.get_deferred_fields()))
    return type(found), list(values), values, cached, state


@pytest.fixture(autouse=True)
def _compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked by a prepared statement is asked by its queryset too, and compared."""
    asked = prepared.rows

    def rows(build: Any, *values: Any, given: Any = (), **options: Any) -> list[Any]:
        found = asked(build, *values, given=given, **options)
        expected = list(build(*given, *values))
        assert snapshot(found) == snapshot(expected)
        seen.append((build, bool(found)))
        return found

    seen.clear()
    monkeypatch.setattr(prepared, "rows", rows)


@pytest.fixture(autouse=True)
def _shown_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is shown by the columns that are shown is shown by their adapter too, and compared."""
    shown = showing._shown

    def both(people: Any, adapter_class: Any, connection: SCIMConnection) -> Any:
        found = shown(people, adapter_class, connection)
        keys = [each.pk for each in people]
        again = sorted(
            adapter_class.links(connection).filter(pk__in=keys), key=lambda link: keys.index(link.pk)
        )
        assert list(found) == [adapter.to_dict() for adapter in adapter_class.for_links(again, connection)]
        return found

    monkeypatch.setattr(showing, "_shown", both)


@pytest.fixture
def ines(scim: ScimClient) -> str:
    boss = scim.post("/Users", spelled(person("boss.one", **{ENTERPRISE: {"department": "Cloud"}}))).json()[
        "id"
    ]
    extension = {
        "organization": "Harborline Ltd",
        "division": "Retail",
        "department": "Cloud",
        "manager": {"value": boss},
    }
    answer = scim.post("/Users", person(**{ENTERPRISE: extension}))
    assert answer.status_code == 201, answer.content
    scim_id: str = answer.json()["id"]
    return scim_id


def test_a_cycle_reads_through_prepared_statements_what_querysets_read(scim: ScimClient, ines: str) -> None:
    name, missing = "ines.okafor@harborline.example", "nobody%_\\'\"@Ünder.example"
    for _turn in range(2):
        for path in (
            f"/Users/{ines}",
            '/Users?filter=externalId eq "inesokafor"',
            "/Users?count=1",
            "/Users",
        ):
            assert scim.get(path.replace(" ", "%20")).status_code == 200
        for asked in (name, name.upper(), missing):
            answer = scim.post(
                "/Users/.search",
                {
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                    "filter": f"userName eq {json.dumps(asked)}",
                },
            )
            assert answer.json()["totalResults"] == (asked is not missing), answer.content
            for form in ("emails.value", 'emails[type eq "work"].value'):
                answer = scim.get(f"/Users?filter={quote(f'{form} eq {json.dumps(asked)}')}")
                assert answer.json()["totalResults"] == (asked is not missing), answer.content
    for path, value in (("title", "Coach"), ("active", False)):
        assert (
            scim.patch(f"/Users/{ines}", [{"op": "replace", "path": path, "value": value}]).status_code == 200
        )
    assert scim.delete(f"/Users/{ines}").status_code == 204
    assert scim.get(f"/Users/{ines}").status_code == 404
    assert {build for build, found in seen if found} >= QUESTIONS
    if app_settings.sso_model is not None:
        assert len({build for build, _found in seen}) > len(QUESTIONS)


def test_no_question_falls_back_to_its_queryset_unnoticed(scim: ScimClient, ines: str) -> None:
    scim.get(f"/Users/{ines}")
    scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "title", "value": "Coach"}])
    kept = prepared._statements._kept
    for question in QUESTIONS:
        assert any(key[0] is question and statement is not None for key, statement in kept.items()), question  # type: ignore[index]


def everybody(people: ProvisionedUserQuerySet, count: int) -> ProvisionedUserQuerySet:
    return people.order_by("pk")[:count]


def one_of(people: ProvisionedUserQuerySet, keys: tuple[int, ...]) -> ProvisionedUserQuerySet:
    return people.filter(pk__in=keys).order_by("-pk")


def test_links_are_the_same_for_every_connection_and_shape(connection: SCIMConnection, ines: str) -> None:
    """Of one customer and of another, of nobody, of many keys and of few: one statement serves all."""
    adapter_class, keys = get_adapter_class(), tuple(ProvisionedUser.objects.values_list("pk", flat=True))
    for customer in (connection, make_connection("Other"), connection):
        people = adapter_class.links(customer)
        for count in (1, 50):
            found = links.found(adapter_class, customer, everybody, given=(count,))
            assert snapshot(found) == snapshot(list(everybody(people, count)))
            assert bool(found) == (customer == connection)
        for wanted in ((), keys, keys[:1], keys * 9):
            found = links.found(adapter_class, customer, one_of, wanted)
            assert snapshot(found) == snapshot(list(one_of(people, wanted)))
