"""`manage.py check`: each fault has its id, and a hint that is the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from scim_provisioning.checks import faults
from tests.checks.project import configure, found

if TYPE_CHECKING:
    from pytest_django import Settings

ALL_FAULTS = [value for value in vars(faults).values() if isinstance(value, faults.Fault)]


def test_the_example_project_has_no_fault() -> None:
    assert found() == []


def test_manage_check_runs_them(settings: Settings) -> None:
    configure(settings, ADAPTER="")
    with pytest.raises(SystemCheckError, match=r"scim_provisioning\.E004"):
        call_command("check")


def test_every_id_is_used_once_and_every_hint_is_a_sentence() -> None:
    ids = [fault.id for fault in ALL_FAULTS]
    assert len(set(ids)) == len(ids) >= 25
    for fault in ALL_FAULTS:
        assert fault.hint == "{advice}" or fault.hint.endswith((".", "}."))
