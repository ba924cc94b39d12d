"""Each identity provider's spelling of the same: whole cycles of Entra and Okta, OneLogin's template, managers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed
from typing import Any, ClassVar

from scim_provisioning.conf import tenant_url
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.testing.bench import expect, replace
from scim_provisioning.testing.mapped import Mapped
from scim_provisioning.testing.simulators import (
    DEFAULT_MAPPING,
    OKTA_MAPPING,
    EntraSimulator,
    OktaSimulator,
    Person,
    Row,
)
from scim_provisioning.testing.topics.access import AskingForAccess

_MANAGER = f"{ENTERPRISE_USER}:manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learner(Person):
    """A person with a value for every line of the host's mapping."""

    extra: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.extra[name]
        except KeyError:
            raise AttributeError(name) from None


def _manager_forms(scim_id: str) -> dict[str, dict[str, Any]]:
    """The ways in which a manager is sent by PATCH."""
    value = {"value": scim_id}
    return {
        "text": {"op": "Add", "path": _MANAGER, "value": scim_id},
        "object": {"op": "replace", "path": _MANAGER, "value": value},
        "list": {"op": "Replace", "path": _MANAGER, "value": [value]},
        "value by path": {"op": "replace", "path": f"{_MANAGER}.value", "value": scim_id},
        "without a path": {"op": "replace", "value": {_MANAGER: scim_id}},
        "extension object": {"op": "replace", "value": {ENTERPRISE_USER: {"manager": value}}},
    }


_NOBODY: dict[str, dict[str, Any]] = {
    "empty text": {"op": "Replace", "path": _MANAGER, "value": ""},
    "null": {"op": "replace", "path": _MANAGER, "value": None},
    "empty value": {"op": "replace", "path": _MANAGER, "value": {"value": ""}},
    "removal": {"op": "remove", "path": _MANAGER},
}


def _email_forms(address: str) -> dict[str, dict[str, Any]]:
    """The ways in which a work address is sent by PATCH."""
    typed = {"type": "work", "value": address, "primary": True}
    return {
        "filter": replace('emails[type eq "work"].value', address),
        "Entra's Add": {"op": "Add", "path": 'emails[type eq "work"].value', "value": address},
        "list": replace("emails", [typed]),
        "untyped": replace("emails", [{"value": address}]),
        "without a path": {"op": "replace", "value": {"emails": [typed]}},
        "filtered key": {"op": "replace", "value": {'emails[type eq "work"].value': address}},
    }


class Spellings(AskingForAccess):
    """What identity providers really send, judged as they judge it."""

    cases: ClassVar[dict[str, list[Any]]] = {
        "dialect": ["default", "flagged"],
        "application": ["custom", "catalogue"],
        "manager_form": list(_manager_forms("")),
        "nobody_form": list(_NOBODY),
        "email_form": list(_email_forms("")),
    }

    def test_entra_creates_changes_switches_and_deletes(self, dialect: str) -> None:
        rows = self._rows(DEFAULT_MAPPING)
        entra = EntraSimulator(
            tenant_url(), self.scim.token, self.scim.send, dialect == "flagged", mapping=rows
        )
        boss, learner = self._learner(5), self._learner(0)
        entra.initial_cycle([boss, changed(learner, manager=boss.objectId)])
        self._goes_well(entra, "Entra's initial cycle")
        moved = changed(learner, manager=boss.objectId, jobTitle="Moved", extra=self._learner(1).extra)
        entra.incremental([moved])
        self._goes_well(entra, "Entra's next cycle")
        self.rows_hold(entra.anchors[learner.objectId], 1)
        left = entra.disable(moved)
        anchor = entra.anchors[learner.objectId]
        self._has_access(anchor, False, "Somebody whom Entra disabled")
        if self._may_return(anchor):
            entra.restore(left)
            self._has_access(anchor, True, "Somebody whom Entra enabled")
        entra.delete(moved)
        self._goes_well(entra, "Entra's leaving and returning")

    def test_okta_creates_changes_switches_and_imports(self, application: str) -> None:
        rows = self._rows(OKTA_MAPPING)
        okta = OktaSimulator(
            tenant_url(), self.scim.token, self.scim.send, application == "catalogue", mapping=rows
        )
        learner = self._learner(0)
        okta.initial_cycle([learner])
        self._goes_well(okta, "Okta's assignment")
        moved = changed(learner, jobTitle="Moved", extra=self._learner(1).extra)
        okta.incremental([moved])
        self._goes_well(okta, "Okta's profile push")
        self.rows_hold(okta.anchors[learner.objectId], 1)
        left = okta.disable(moved)
        anchor = okta.anchors[learner.objectId]
        self._has_access(anchor, False, "Somebody whom Okta deactivated")
        okta.import_people(page=1)
        if self._may_return(anchor):
            okta.restore(left)
            self._has_access(anchor, True, "Somebody whom Okta activated")
        self._goes_well(okta, "Okta's deactivation, import and activation")

    def test_onelogin_renders_empty_macros_and_suspends_by_put(self) -> None:
        template = {
            "nickName": "",
            "addresses": [{"streetAddress": "", "locality": "Umea", "country": "SE", "primary": True}],
            "phoneNumbers": [{"value": "", "type": "work"}],
            **self.full_body(0),
            "schemas": ["urn:scim:schemas:core:1.0"],
        }
        extension = template.get(ENTERPRISE_USER, {})
        template[ENTERPRISE_USER] = {**extension, "manager": {"value": "", "displayName": " "}}
        made = self.create(template)
        self.rows_hold(made["id"], 0)
        left = self.put(made["id"], {**template, "active": False})
        expect(left["active"] is False, "Somebody whom OneLogin suspended is answered as active.")
        self._has_access(made["id"], False, "Somebody whom OneLogin suspended")
        self.delete(made["id"])

    def test_a_manager_is_understood_in_every_form(self, manager: Mapped, manager_form: str) -> None:
        boss, made = self.create(self.full_body(5)), self.create(self.full_body(0))
        left = self.patch(made["id"], _manager_forms(boss["id"])[manager_form])
        held = self.held(manager, made["id"])
        expect(
            held == boss["id"],
            f"A manager sent as {manager_form} is {held!r} in the row, not {boss['id']!r}.",
        )
        shown = left.get(ENTERPRISE_USER, {}).get("manager", {})
        expect(
            shown.get("value") == boss["id"], f"A manager sent as {manager_form} is answered as {shown!r}."
        )

    def test_a_manager_is_taken_away_in_every_form(self, manager: Mapped, nobody_form: str) -> None:
        boss, made = self.create(self.full_body(5)), self.create(self.full_body(0))
        self.patch(made["id"], _manager_forms(boss["id"])["text"])
        self.patch(made["id"], _NOBODY[nobody_form])
        held = self.held(manager, made["id"])
        expect(held is None, f"A manager taken away by {nobody_form} is still {held!r} in the row.")

    def test_a_manager_who_is_managed_by_somebody_is_not_given_to_them(self, manager: Mapped) -> None:
        boss = self.create(self.full_body(0))
        chief = self.create(self.full_body(1))
        forms = [(chief, boss), (boss, chief), (chief, chief)]
        for person, above in forms:
            shown = self.patch(person["id"], _manager_forms(above["id"])["text"])
            expect(manager.read(shown) == above["id"], f"The manager {above['id']} is answered as {shown!r}.")
        held = [self.held(manager, boss["id"]), self.held(manager, chief["id"])]
        expect(held == [None, None], f"Somebody is their own manager, through others or not: {held!r}.")

    def test_a_manager_who_is_not_here_yet_refuses_nobody(self, manager: Mapped) -> None:
        body = self.full_body(0)
        manager.put(body, "00000000-0000-4000-8000-000000000000")
        made = self.create(body)
        expect(self.held(manager, made["id"]) is None, "A manager who is not here was given to somebody.")
        shown = manager.read(self.read(made["id"]))
        expect(shown == manager.read(body), f"The manager who was sent is answered as {shown!r}.")

    def test_a_work_address_is_understood_in_every_form(self, email: Mapped, email_form: str) -> None:
        made = self.create(self.full_body(0))
        address = self.sample(email, 1)
        self.patch(made["id"], _email_forms(address)[email_form])
        held = self.held(email, made["id"])
        expect(held == address, f"An address sent as {email_form} is {held!r} in the row, not {address!r}.")

    def _rows(self, usual: tuple[Row, ...]) -> tuple[Row, ...]:
        """The usual rows, and one for each line of the host's in the place of those that feed the same path."""
        own = {line.sent_at: Row(f"sample {line.path}", line.sent_at) for line in self.first_lines}
        return (*(row for row in usual if row.target not in own), *own.values())

    def _learner(self, number: int) -> _Learner:
        extra = {f"sample {line.path}": self.sample(line, number) for line in self.first_lines}
        return _Learner(
            userPrincipalName=self.user_name(number),
            mailNickname=f"person{number}",
            displayName=f"Person {number}",
            mobile="+44 7700 900411",
            city="Leith",
            extra=extra,
        )

    def _goes_well(self, simulator: EntraSimulator | OktaSimulator, what: str) -> None:
        __tracebackhide__ = True
        problems = "\n".join(f"{step.what}: {step.detail}" for step in simulator.problems)
        expect(not problems, f"{what} went wrong:\n{problems}")
