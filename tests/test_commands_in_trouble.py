"""Commands that meet a database in trouble say whether anything was done, in a sentence and without a traceback."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.db import connection as database
from django.utils import translation

from scim_provisioning import databases
from scim_provisioning.databases import Fault
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.protocol.errors import Unavailable
from scim_provisioning.testing.factories import TokenFactory

pytestmark = pytest.mark.django_db

UNDONE = "The database is busy, or does not answer. Nothing was changed by this step: try again in a moment."
STAYS = "The database did not let this be done now. What was done stays done: go on in a moment."
LOST = Unavailable("Lost.", code="database.unconfirmed")

#: Each command of ours, as it may be called.
COMMANDS = {
    "scim_adopt": ["--connection=Entra", "--apply"],
    "scim_check": ["--connection=Entra"],
    "scim_connection": ["pause", "--connection=Entra"],
    "scim_doctor": [],
    "scim_forget": ["--connection=Entra", "ines", "--apply"],
    "scim_index": ["--create"],
    "scim_log": [],
    "scim_managers": [],
    "scim_notify": [],
    "scim_prune": [],
    "scim_reconcile": ["--connection=Entra"],
    "scim_simulate": ["--connection=Entra", "--in-process"],
    "scim_token": ["revoke", "lmsscim_abcdefgh"],
    "scim_units": [],
}

#: Those of them that do one person, or one row, after the other.
IN_PARTS = {"scim_managers", "scim_notify", "scim_prune", "scim_units"}


def run(name: str, *arguments: str) -> None:
    call_command(name, *arguments, stdout=StringIO(), stderr=StringIO())


def failing(error: Exception, *, at: str = "") -> Callable[..., Any]:
    """For ``execute_wrapper``: every statement that begins so fails."""

    def execute(go_on: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(at):
            raise error
        return go_on(sql, params, many, context)

    return execute


def test_the_table_has_every_command() -> None:
    ours = {name for name, app in get_commands().items() if app == "scim_provisioning"}
    assert set(COMMANDS) == ours


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"scim_doctor"}))
def test_every_command_says_what_was_changed(connection: SCIMConnection, name: str) -> None:
    failure = failing(databases.unavailable(Fault.BUSY))
    with (
        translation.override("de"),
        database.execute_wrapper(failure),
        pytest.raises(CommandError) as told,
    ):
        run(name, *COMMANDS[name])
    assert str(told.value) == (STAYS if name in IN_PARTS else UNDONE)
    assert told.value.returncode == 1


def test_the_doctor_ends_with_2_whatever_it_meets(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Any:
        raise databases.unavailable(Fault.GONE)

    monkeypatch.setattr("scim_provisioning.administration.doctor.examine", fails)
    with pytest.raises(CommandError, match="does not answer") as told:
        run("scim_doctor")
    assert told.value.returncode == 2


def test_who_revokes_a_token_is_told_to_look_where_nobody_knows_whether_it_was_done(
    connection: SCIMConnection,
) -> None:
    token = TokenFactory(connection=connection)
    with database.execute_wrapper(failing(LOST, at="UPDATE")), pytest.raises(CommandError) as told:
        run("scim_token", "revoke", token.display_prefix)
    assert str(told.value).endswith("Look before you try again.")
    assert not SCIMToken.objects.get().is_revoked


def test_who_only_reads_need_not_look(connection: SCIMConnection) -> None:
    with database.execute_wrapper(failing(LOST)), pytest.raises(CommandError) as told:
        run("scim_log")
    assert str(told.value) == UNDONE


def test_a_fault_of_the_program_keeps_its_traceback(connection: SCIMConnection) -> None:
    with database.execute_wrapper(failing(RuntimeError("a bug"))), pytest.raises(RuntimeError, match="a bug"):
        run("scim_units")
