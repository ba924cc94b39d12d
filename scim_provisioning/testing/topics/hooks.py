"""The host's hooks: called once, in order, with keywords, after the rows are saved; what they raise undoes all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from unittest import SkipTest

from scim_provisioning.models import ProvisionedUser
from scim_provisioning.provisioning.moves import HOOKS as MOVES
from scim_provisioning.testing.bench import Bench, expect, replace
from scim_provisioning.testing.mapped import Mapped, columns_of

_ON = ("on_provisioned", "on_updated", "on_deactivated", "on_reactivated", "on_deleted")
#: What a hook is told beside learner and event.
_NEWS = {"on_updated": {"changes"}}
_ONCE = "Call a hook never yourself; the app calls each once, for a real change."


class _Planted(Exception):
    """Raised in the place of a hook."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A request that calls a hook. ``was_active``: how the person stands before; None: there is nobody yet. ``after``
    and ``then``: which other hooks the same request calls before and after it."""

    hook: str
    was_active: bool | None
    send: Callable[[Bench, str], Any] = field(repr=False)
    name: str = ""
    after: tuple[str, ...] = ()
    then: tuple[str, ...] = ()

    @property
    def calls(self) -> list[str]:
        """All hooks of the request, in their order."""
        return [*self.after, self.hook, *self.then]

    def __str__(self) -> str:
        return f"{self.hook} {self.name}".strip()


def _create(bench: Bench, scim_id: str) -> Any:
    return bench.scim.request("POST", "Users", bench.full_body(0))


def _update(bench: Bench, scim_id: str) -> Any:
    changes = [replace(line.sent_at, bench.sample(line, 1)) for line in bench.first_lines]
    return bench.scim.patch(scim_id, replace("displayName", "Changed"), *changes)


def _switch(active: bool) -> Callable[[Bench, str], Any]:
    return lambda bench, scim_id: bench.scim.patch(scim_id, replace("active", active))


def _delete(bench: Bench, scim_id: str) -> Any:
    return bench.scim.delete(scim_id)


_CHANGES = [
    _Change("on_provisioned", None, _create),
    _Change("on_updated", True, _update),
    _Change("on_deactivated", True, _switch(False)),
    _Change("on_deactivated", True, _delete, "by DELETE", then=("on_deleted",)),
    _Change("on_deleted", True, _delete, after=("on_deactivated",)),
    _Change("on_deleted", False, _delete, "of somebody inactive"),
    _Change("on_reactivated", False, _switch(True)),
]


class Hooks(Bench):
    """What the host hears, when, and what its refusal undoes."""

    cases: ClassVar[dict[str, list[Any]]] = {
        "change": _CHANGES,
        "ended": [change for change in _CHANGES if change.hook == "on_deactivated"],
    }

    def test_each_hook_is_called_once_for_its_change_with_learner_and_event(self, change: _Change) -> None:
        scim_id = self._before(change)
        with self._recorded(_ON) as calls:
            answer = change.send(self, scim_id)
        expect(answer.status in (200, 201, 204), f"{change} is answered {answer.status}: {answer.resource}")
        named = [name for name, _args, _keywords in calls]
        due = f"one call of {' and '.join(change.calls)}"
        expect(named == change.calls, f"Due was {due}; called were {named}.", _ONCE)
        _name, arguments, keywords = calls[named.index(change.hook)]
        expect(
            not arguments and set(keywords) == {"learner", "event", *_NEWS.get(change.hook, ())},
            f"{change.hook} was called with {calls[0]}.",
        )
        link = ProvisionedUser.objects.get(scim_id=scim_id or answer.resource["id"])
        wanted = self.adapter_of(link.scim_id).learner
        expect(keywords["learner"] == wanted, f"{change.hook} got {keywords['learner']!r}, not {wanted!r}.")
        expect(keywords["event"].link_id == link.pk, f"The event of {change.hook} is about somebody else.")

    def test_a_new_company_unit_or_team_is_told_with_the_old_and_the_new_one(self) -> None:
        # Of several rows, or of a part of a JSON column, no hook is told.
        told = [
            line
            for line in self.first_lines
            if line.path in MOVES and not (line.entry.field.many_to_many or line.entry.declaration.keys)
        ]
        if not told:
            raise SkipTest("Nothing is mapped to organization, division or department.")
        scim_id = self.create(self.full_body(0))["id"]
        for line in told:
            hook, before = MOVES[line.path], self._field_of(line, scim_id)
            with self._recorded((hook,)) as calls:
                self.patch(scim_id, replace(line.sent_at, self.sample(line, 1)))
                self.patch(scim_id, replace(line.sent_at, self.sample(line, 1)))
            heard = [(keywords["old"], keywords["new"]) for _name, _args, keywords in calls]
            due = [(before, self._field_of(line, scim_id))]
            expect(heard == due, f"{hook} heard {heard} in place of {due}.", _ONCE)

    def test_seats_are_a_number_or_none(self) -> None:
        seats = self.adapter_class.seats(self.connection)
        said = f"seats() answers {seats!r}."
        expect(seats is None or (type(seats) is int and seats >= 0), said, "Answer a number, or None.")

    def _field_of(self, line: Mapped, scim_id: str) -> Any:
        row = self.adapter_of(scim_id).row(line.entry.source.name)
        return getattr(row, line.entry.field.name, None)

    def test_no_hook_is_called_when_nothing_changes(self) -> None:
        made = self.create(self.full_body(0))
        same = [replace(line.sent_at, self.sample(line, 0)) for line in self.first_lines]
        with self._recorded((*_ON, "revoke_access")) as calls:
            self.patch(made["id"], replace("active", True), *same)
            self.put(made["id"], made)
            self.read(made["id"])
        expect(not calls, f"Nothing changed, and hooks were called: {[name for name, *_ in calls]}", _ONCE)

    def test_access_is_revoked_before_the_host_hears_of_it(self, ended: _Change) -> None:
        scim_id = self._before(ended)
        with self._recorded((*_ON, "revoke_access")) as calls:
            ended.send(self, scim_id)
        named = [name for name, _args, _keywords in calls]
        expect(named == ["revoke_access", *ended.calls], f"The order of hooks is {named}.", _ONCE)

    def test_a_hook_sees_the_rows_as_they_were_saved(self, change: _Change) -> None:
        scim_id, seen = self._before(change), []

        def look(original: Any, adapter: Any, **named: Any) -> Any:
            seen.append(columns_of(self.adapter_of(adapter.id)))
            return original(adapter, **named)

        with self.replaced({change.hook: look}):
            answer = change.send(self, scim_id)
        expect(len(seen) == 1, f"{change.hook} was called {len(seen)} times.", _ONCE)
        # A hook that the host wrote may change the rows once more.
        own = self.adapter_class.overrides(change.hook)
        now = columns_of(self.adapter_of(scim_id or answer.resource["id"]))
        expect(
            own or seen[0] == now,
            f"{change.hook} ran before the rows were saved.",
            "Save in save(), at once.",
        )

    def test_what_a_hook_raises_refuses_the_request_and_leaves_nothing(self, change: _Change) -> None:
        scim_id = self._before(change)
        accounts, before = self.number_of_accounts(), self.snapshot(scim_id) if scim_id else None

        def fail(original: Any, adapter: Any, **named: Any) -> Any:
            original(adapter, **named)
            raise _Planted

        with self.replaced({change.hook: fail}):
            answer = change.send(self, scim_id)
        expect(answer.status >= 400, f"{change.hook} raised, and {answer.status} is answered.")
        expect(
            self.number_of_accounts() == accounts, f"{change.hook} raised, and an account was left behind."
        )
        expect(
            not scim_id or self.snapshot(scim_id) == before,
            f"{change.hook} raised, and the row is changed all the same.",
            "Write to the database of the request only, and to other systems in transaction.on_commit().",
        )

    def _before(self, change: _Change) -> str:
        """The SCIM id of somebody who stands as the change needs it; empty when it makes somebody."""
        if change.was_active is None:
            return ""
        scim_id: str = self.create(self.full_body(0))["id"]
        if not change.was_active:
            self.patch(scim_id, replace("active", False))
            if not self.adapter_of(scim_id).may_be_switched:
                raise SkipTest("A leaver is switched on by your application alone (never_from).")
        return scim_id

    @contextmanager
    def _recorded(
        self, hooks: tuple[str, ...]
    ) -> Iterator[list[tuple[str, tuple[Any, ...], dict[str, Any]]]]:
        calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

        def recorder(name: str) -> Callable[..., Any]:
            def record(original: Any, adapter: Any, *args: Any, **named: Any) -> Any:
                calls.append((name, args, named))
                return original(adapter, *args, **named)

            return record

        with self.replaced({name: recorder(name) for name in hooks}):
            yield calls
