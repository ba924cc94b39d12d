"""Two administrators give the same SSO settings a connection at the same moment: by a double click, or because one sets
up SCIM while the other one takes an earlier connection over."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import connection as database

from scim_provisioning.administration import setting_up, takeover
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory
from tests.faults.forks import FORK, Gate, at_once, forks
from tests.lms_factories import LearnerFactory, OrganizationFactory, SSOSettingsFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]


def set_up(sso: Any) -> tuple[int, bool]:
    connection, is_new = setting_up.set_up(sso, actor=None)
    return connection.pk, is_new


def test_two_who_set_up_the_same_settings_have_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    sso = SSOSettingsFactory(organization=OrganizationFactory())
    both, real, met = FORK.Barrier(2), setting_up.name_of, []

    def name_of(row: Any) -> str:
        # Both have looked, and found none; who is second looks again. On SQLite that one looks when the first is done.
        if database.vendor != "sqlite" and not met:
            met.append(both.wait(30))
        return real(row)

    monkeypatch.setattr(setting_up, "name_of", name_of)
    results = at_once(partial(set_up, sso), partial(set_up, sso))
    assert {key for key, _is_new in results} == {SCIMConnection.objects.get().pk}
    assert sorted(is_new for _key, is_new in results) == [False, True]


def test_who_takes_over_while_another_one_sets_up_finds_what_that_one_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    organization = OrganizationFactory()
    old, new = (SSOSettingsFactory(organization=organization) for _number in range(2))
    ended = ConnectionFactory(sso_key=str(old.pk))
    ProvisionedUserFactory(connection=ended, user=LearnerFactory(organization=organization).user)
    ended.archive()
    old.delete()
    looked, real = Gate(), takeover._make_room

    def make_room(*arguments: Any) -> None:
        real(*arguments)
        looked.wait_here()

    def take_over() -> str:
        try:
            return str(takeover.take_over(ended, new, actor=None).pk)
        except ConnectionRefused as refusal:
            return refusal.code

    monkeypatch.setattr(takeover, "_make_room", make_room)
    with forks() as fork:
        taking = fork(take_over)
        looked.until_reached()
        if database.vendor == "sqlite":
            looked.open()
            assert taking.result() == str(ended.pk)
        made = fork(partial(set_up, new))
        if database.vendor != "sqlite":
            made.result()
            looked.open()
            # The other has no learners yet, and ends for it.
            assert taking.result() == str(ended.pk)
    current = SCIMConnection.objects.filter(sso_key=str(new.pk), archived_at__isnull=True)
    assert [connection.pk for connection in current] == [ended.pk]
