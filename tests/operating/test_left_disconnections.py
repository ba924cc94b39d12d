"""A disconnection that was left half done: scim_doctor and the self-test say so, with the command that goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from scim_provisioning.administration import selftest
from scim_provisioning.models import Disconnection, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory
from tests.operating.test_doctor import examined, line

pytestmark = pytest.mark.django_db


def left(
    connection: SCIMConnection, learners: int = 3, *, minutes: int = 31, **fields: object
) -> Disconnection:
    """One that somebody began that long ago, and left after the first learner."""
    ended = timezone.now() - timedelta(minutes=minutes)
    SCIMConnection.objects.filter(pk=connection.pk).update(archived_at=ended, disconnected_at=ended)
    ProvisionedUserFactory.create_batch(learners, connection=connection)
    defaults = {"learners": "suspend", "managed": learners, "handled": 1, "changed": 1, "begun_at": ended}
    return Disconnection.objects.create(connection=connection, **{**defaults, **fields})


def test_a_disconnection_that_nobody_has_finished_is_named_with_what_goes_on(
    connection: SCIMConnection,
) -> None:
    other = ConnectionFactory(name="Bright water", sso_key=None, policies={"contacts": ["it@b.example"]})
    left(other)
    result, found, mend = line("disconnections")
    assert result == "warning"
    assert found.startswith("Bright water: 1 of 3 learners since ")
    assert "manage.py scim_connection disconnect --connection 'Bright water' --resume" in mend
    assert examined()[1] == 1
    assert "Bright water" not in str(selftest.run(connection, reach=False))
    other.refresh_from_db()
    assert found in [told.found for told in selftest.run(other, reach=False)]
    call_command(
        "scim_connection", "disconnect", "--connection", "Bright water", "--resume", stdout=StringIO()
    )
    assert "disconnections" not in examined()[0]


def test_a_disconnection_that_is_under_way_is_nobodys_business_and_one_in_vain_is(
    connection: SCIMConnection,
) -> None:
    found = left(ConnectionFactory(name="Brightwater"), minutes=29)
    assert "disconnections" not in examined()[0]
    found.finished_at, found.handled, found.failed = timezone.now(), 3, 1
    found.save()
    assert line("disconnections")[1] == (
        "Brightwater: 1 learner was suspended. For 1 learner the application’s own code failed: the log says where."
    )
    found.failed = 0
    found.save()
    assert "disconnections" not in examined()[0]


def test_of_many_that_were_left_a_few_are_named() -> None:
    for number in range(7):
        left(ConnectionFactory(name=f"C{number}"), 1, minutes=60 - number)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("scim_doctor", json=True, stdout=out)
    told = [found for found in json.loads(out.getvalue()) if found["key"] == "disconnections"]
    assert [found["found"][:2] for found in told[:5]] == ["C0", "C1", "C2", "C3", "C4"]
    assert [found["found"] for found in told[5:]] == ["2 more connections are not."]
