"""The hints of the checks, for a field of every class: they name the kind that fits, and following them mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import scim_provisioning.adapters as scim
from scim_provisioning.checks import faults
from tests.checks.mending import Host
from tests.hosts.every_kind.models import Dossier, Topic
from tests.hosts.every_kind.scim import OWN, WITHIN

if TYPE_CHECKING:
    from pytest_django import Settings

KINDS = {
    "number": "Integer",
    "share": "Decimal",
    "score": "Decimal",
    "hired": "Date",
    "seen": "DateTime",
    "shift": "Choice",
    "remote": "Boolean",
    "data": "Json",
    "main_topic": "Reference",
    "topics": "References",
    "clubs": "References",
}


@pytest.fixture
def host(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Host:
    # A dossier needs a topic, whatever else of it is mapped.
    defaults = {"main_topic": lambda connection: Topic.objects.first()}
    row = scim.RelatedRow(Dossier, within=WITHIN, defaults=defaults)
    return Host(settings, monkeypatch, rows={"dossier": row})


@pytest.mark.parametrize("name", KINDS)
def test_text_on_a_field_of_another_class_is_answered_with_the_kind_that_fits(name: str, host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text(f"{OWN}:it", f"dossier.{name}")])
    assert message.id == faults.MAPPED_FIELD_UNWRITABLE.id
    assert f"scim.{KINDS[name]}(" in str(message.hint)
    if KINDS[name] not in ("Reference", "References"):  # which want to know besides whose rows they may name
        assert type(host.mended(scim.Text(f"{OWN}:it", f"dossier.{name}"))).__name__ == KINDS[name]


@pytest.mark.parametrize("kind", [scim.Date, scim.Integer, scim.Choice, scim.Json])
@pytest.mark.parametrize("name", ["badge", "hired", "seen", "number", "remote"])
def test_whatever_the_kind_the_field_decides(kind: Any, name: str, host: Host) -> None:
    fitting = {**KINDS, "badge": "Text"}[name]
    if kind.__name__ == fitting or (kind is scim.Choice and name in ("badge", "number")):
        return
    target = f"dossier.{name}.key" if kind is scim.Json else f"dossier.{name}"
    assert type(host.mended(kind(f"{OWN}:it", target))).__name__ == fitting


@pytest.mark.parametrize("name", ["main_topic", "topics", "clubs"])
def test_a_name_behind_a_relation_is_a_reference_by_it(name: str, host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text(f"{OWN}:it", f"dossier.{name}.name")])
    assert f"scim.{KINDS[name]}('{OWN}:it', 'dossier.{name}', by=\"name\")" in str(message.hint)


def test_a_key_of_a_json_value_that_is_mapped_as_text(host: Host) -> None:
    better = host.mended(scim.Text(f"{OWN}:it", "dossier.data.cost.centre"))
    assert (type(better), better.target) == (scim.Json, "dossier.data.cost.centre")


def test_a_json_value_as_a_whole_needs_a_key(host: Host) -> None:
    assert host.mended(scim.Json(f"{OWN}:it", "dossier.data")).target == "dossier.data.key"


# -- stored values


def choice(**values: str) -> scim.Choice:
    return scim.Choice("userType", "dossier.level", values=values)


@pytest.mark.parametrize(
    ("line", "better", "hint"),
    [
        (choice(Junior="Junior"), choice(Junior="J"), "Write 'J' in place of 'Junior'. "),
        (choice(Junior="x"), choice(Junior="J"), "The field stores one of 'J', 'S', 'L'."),
        (
            scim.Choice("userType", "dossier.shift", values={"Day": 1}, unknown=7),
            scim.Choice("userType", "dossier.shift", values={"Day": 1}, unknown=0),
            "The field stores one of 0, 1, 2.",
        ),
        (
            scim.Switch("dossier.status", on="Active", off="suspended"),
            scim.Switch("dossier.status", on="active", off="suspended"),
            "Write 'active' in place of 'Active'. ",
        ),
        (
            scim.Switch("dossier.status", on="active", off="suspnded", never_from=("invited",)),
            scim.Switch("dossier.status", on="active", off="suspended", never_from=("invited",)),
            "Write 'suspended' in place of 'suspnded'. ",
        ),
    ],
)
def test_a_value_that_is_none_of_the_fields_choices(
    line: scim.MappedAttribute, better: scim.MappedAttribute, hint: str, host: Host
) -> None:
    (message,) = host.messages(mapping=[line])
    assert message.id == faults.VALUE_IS_NO_CHOICE.id
    assert str(message.hint).startswith(hint)
    assert "The field stores one of" in str(message.hint)
    assert host.messages(mapping=[better]) == []


def test_a_choice_without_any_values(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Choice("userType", "dossier.badge")])
    assert message.id == faults.VALUE_IS_NO_CHOICE.id
    assert 'Write values={"Junior": "J", …}' in str(message.hint)
    assert host.messages(mapping=[scim.Choice("userType", "dossier.badge", values={"Junior": "J"})]) == []


def test_active_on_a_status_is_answered_with_its_states(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text("active", "dossier.status")])
    assert message.id == faults.ACTIVE_CANNOT_SWITCH.id
    assert message.hint == (
        "Write scim.Switch('dossier.status', on=…, off=…) with two of the values that it stores: "
        "'invited', 'active', 'suspended'."
    )
