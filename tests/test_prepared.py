"""Statements that are compiled once: seen as every other one, and asked anew where a host has its own way."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from example_project.lms.models import Organization, SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.databases import prepared
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning import loading
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db


def named(name: str) -> QuerySet[Organization]:
    return Organization.objects.filter(name=name)


def containing(part: str) -> QuerySet[Organization]:
    return Organization.objects.filter(name__contains=part)


def with_keys(keys: tuple[int, ...]) -> QuerySet[Organization]:
    return Organization.objects.filter(pk__in=keys)


def in_place(place: int) -> QuerySet[Organization]:
    return Organization.objects.order_by("pk")[place : place + 1]


def as_dicts(name: str) -> QuerySet[Organization, Any]:
    return Organization.objects.filter(name=name).annotate(again=F("name")).values("again", "pk")


def is_prepared(build: Any) -> bool:
    return any(key[0] is build and statement for key, statement in prepared._statements._kept.items())  # type: ignore[index]


@pytest.fixture
def customers() -> list[Organization]:
    return [Organization.objects.create(name=name) for name in ("100 %", "a_b", "O'Hara\\", "Ängström")]


def test_a_statement_that_is_compiled_once_is_seen_as_every_other_one(customers: list[Organization]) -> None:
    prepared.rows(named, "")
    for customer in customers:
        with CaptureQueriesContext(database) as asked:
            found = prepared.rows(named, customer.name)
        assert found == [customer]
        assert len(asked) == 1
        assert "lms_organization" in asked[0]["sql"]
    assert is_prepared(named)


def test_values_that_are_changed_on_their_way_are_not_exchanged_but_asked_anew(
    customers: list[Organization],
) -> None:
    """LIKE escapes its wildcards: what was learnt from one text would be wrong for another."""
    for customer in customers:
        assert prepared.rows(containing, customer.name) == [customer]
    assert prepared.rows(containing, "%") == customers[:1]
    assert not is_prepared(containing)


def test_a_value_that_shapes_the_statement_is_not_taken_for_a_parameter(
    customers: list[Organization],
) -> None:
    assert [prepared.rows(in_place, place) for place in range(4)] == [[customer] for customer in customers]
    assert not is_prepared(in_place)


def test_rows_that_are_made_in_another_way_come_from_the_queryset(customers: list[Organization]) -> None:
    assert prepared.rows(as_dicts, "a_b") == [{"again": "a_b", "pk": customers[1].pk}]
    assert not is_prepared(as_dicts)


def test_lists_of_any_length_and_numbers_of_any_size_find_who_is_there(customers: list[Organization]) -> None:
    keys = [customer.pk for customer in customers]
    assert prepared.rows(with_keys, ()) == []
    assert prepared.rows(with_keys, (2**40, keys[0])) == customers[:1]
    assert prepared.rows(with_keys, (keys[1], keys[1])) == customers[1:2]
    assert sorted(one.pk for one in prepared.rows(with_keys, tuple(keys * 3))) == sorted(keys)


@pytest.mark.parametrize("key", ["seven", "1.0", "", "9" * 30, " 1"])
def test_an_sso_key_that_no_row_can_have_names_none(customers: list[Organization], key: str) -> None:
    expected = None
    with suppress(ValueError):
        expected = SSOSettings.objects.filter(pk=key).first()
    assert SCIMConnection(sso_key=key).load_sso() == expected


def test_an_sso_row_is_read_by_the_manager_that_the_host_wrote(
    sso: SSOSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of its rows a manager shows may depend on anything."""
    link = SCIMConnection(sso_key=str(sso.pk))
    assert link.load_sso() == sso

    class Hiding(type(SSOSettings._default_manager)):  # type: ignore[misc]
        def get_queryset(self) -> QuerySet[Model]:
            return super().get_queryset().none()  # type: ignore[no-any-return]

    monkeypatch.setattr(SSOSettings._default_manager, "__class__", Hiding)
    assert link.load_sso() is None


def test_whoever_waits_for_models_to_be_made_is_told(customers: list[Organization]) -> None:
    told = []

    def receiver(instance: Organization, **kwargs: Any) -> None:
        told.append(instance.name)

    assert prepared.rows(named, "a_b") == [customers[1]]
    post_init.connect(receiver, sender=Organization)
    try:
        assert prepared.rows(named, "a_b") == [customers[1]]
    finally:
        post_init.disconnect(receiver, sender=Organization)
    assert told == ["a_b"]


def test_a_model_with_a_way_of_its_own_to_be_made_goes_it(
    customers: list[Organization], monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_db(cls: type[Organization], *columns: Any) -> Any:
        made: Any = Model.from_db.__func__(cls, *columns)  # type: ignore[attr-defined]
        made.is_marked = True
        return made

    monkeypatch.setattr(Organization, "from_db", classmethod(from_db))

    def named_so(name: str) -> QuerySet[Organization]:
        return Organization.objects.filter(name=name)

    assert [one.is_marked for one in prepared.rows(named_so, "a_b")] == [True]
    assert is_prepared(named_so)


def test_links_of_the_hosts_own_are_asked_for_each_time(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host may join more, or serve fewer people than it has, and change its mind between two requests."""
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    assert scim.get(path).status_code == 200
    served: list[bool] = [False]

    @classmethod  # type: ignore[misc]
    def links(cls: type[LearnerAdapter], connection: SCIMConnection) -> Any:
        people = super(LearnerAdapter, cls).links(connection).select_related("connection")
        return people if served[0] else people.none()

    monkeypatch.setattr(get_adapter_class(), "links", links, raising=False)
    query = '/Users?filter=userName%20eq%20"ines.okafor@harborline.example"'
    for served[0], status, total in ((False, 404, 0), (True, 200, 1)):
        assert scim.get(path).status_code == status
        assert scim.get(query).json()["totalResults"] == total


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_refused_outside_of_a_transaction_prepared_or_not(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    connection = ProvisionedUser.objects.get().connection
    with transaction.atomic():
        assert loading._lock_account(connection, "scim_id", scim_id) is not None
    if not database.features.has_select_for_update:
        return
    with pytest.raises(transaction.TransactionManagementError):
        loading._lock_account(connection, "scim_id", scim_id)
