"""Access really ends, in the host's own table, and comes back; protected accounts are left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.auth.backends import ModelBackend

from scim_provisioning.models import ProvisionedUser
from scim_provisioning.testing.bench import Bench, Caller, expect, replace
from scim_provisioning.testing.mapped import switches_account_off
from scim_provisioning.testing.simulators import Answer

Send = Callable[[Caller, str, dict[str, Any]], Answer]

_TODO = (
    "Map active to the column that your application asks, and do not override set_active, save or delete without "
    "calling super()."
)


def patch_false(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.patch(scim_id, replace("active", False))


def patch_false_as_text(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.patch(scim_id, {"op": "Replace", "path": "active", "value": "False"})


def patch_without_a_path(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.patch(scim_id, {"op": "replace", "value": {"active": False}})


def put_false(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.put(scim_id, {**body, "active": False})


def delete(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.delete(scim_id)


def patch_true(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.patch(scim_id, replace("active", True))


def patch_true_as_text(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.patch(scim_id, {"op": "Replace", "path": "active", "value": "True"})


def put_true(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.put(scim_id, {**body, "active": True})


class AskingForAccess(Bench):
    """Whether somebody may come in, asked in the host's own database."""

    def _has_access(self, scim_id: str, wanted: bool, who: str, todo: str = _TODO) -> None:
        """Ask the row's declared switch, Django's sign-in where that is the switch, and the host's own rule.

        Nobody is expected to be let in whom the host lets nobody but itself switch on (``never_from``).
        """
        __tracebackhide__ = True
        account = self.account_of(scim_id)
        adapter = self.adapter_of(scim_id)
        if wanted and not adapter.may_be_switched:
            return
        mapping = adapter.compiled_mapping
        answers = {"the column that active is mapped to": adapter.has_access is True}
        if switches_account_off(mapping):
            answers["Django's ModelBackend"] = ModelBackend().user_can_authenticate(account)
        own = self.has_access(account)
        if own is not None:
            answers["has_access()"] = own
        for asked, found in answers.items():
            expect(
                found is wanted,
                f"{who} {'keeps' if found else 'has no'} access, says {asked} in your own database.",
                todo,
            )

    def _may_return(self, scim_id: str) -> bool:
        """Whether this leaver may be switched on again: the host may have a state that provisioning never leaves."""
        return self.adapter_of(scim_id).may_be_switched


class Access(AskingForAccess):
    """What SCIM answers is not enough: the row is read from the database, and asked by its declaration."""

    cases: ClassVar[dict[str, list[Any]]] = {
        "ending": [patch_false, patch_false_as_text, patch_without_a_path, put_false, delete],
        "returning": [patch_true, patch_true_as_text, put_true],
        "touching": [patch_false, put_false, delete],
    }

    def test_access_ends_in_your_own_table(self, ending: Send) -> None:
        made = self.create(self.full_body(0))
        self._has_access(made["id"], True, "A new person")
        answer = ending(self.scim, made["id"], self.full_body(0))
        expect(answer.status in (200, 204), f"Ending access is answered {answer.status}: {answer.resource}")
        self._has_access(made["id"], False, "A leaver")

    def test_access_comes_back(self, returning: Send) -> None:
        made = self.create(self.full_body(0))
        self.patch(made["id"], replace("active", False))
        may_return = self._may_return(made["id"])
        answer = returning(self.scim, made["id"], self.full_body(0))
        expect(
            answer.status == 200 and answer.resource.get("active") is may_return,
            f"Switching somebody on again is answered {answer.status}: {answer.resource}",
            f"The answer must show active {str(may_return).lower()}, as your row then says, or Okta sends it for ever.",
        )
        self._has_access(made["id"], may_return, "A returner")

    def test_access_that_your_application_ends_is_answered_and_found(self) -> None:
        made = self.create(self.full_body(0))
        adapter = self.adapter_of(made["id"])
        adapter.remember_rows()
        adapter.set_active(False)
        adapter.save()
        shown = self.read(made["id"]).get("active")
        expect(
            shown is False, f"Your application switched somebody off, and active is answered as {shown!r}."
        )
        found = self.scim.get("Users?filter=active+eq+false&count=200").resource.get("Resources") or []
        expect(
            made["id"] in [user["id"] for user in found],
            "Your application switched somebody off, and active eq false does not find them.",
        )

    def test_somebody_created_inactive_has_no_access(self) -> None:
        made = self.create(self.full_body(0, active=False))
        self._has_access(made["id"], False, "Somebody created inactive")

    def test_a_leaver_stays_readable_and_loses_nothing(self) -> None:
        made = self.create(self.full_body(0))
        left = self.patch(made["id"], replace("active", False))
        for line in self.first_lines:
            held = line.read(left)
            expect(held == self.sample(line, 0), f"Switching somebody off made {line} {held!r}.")
        expect(self.read(made["id"])["active"] is False, "A leaver is not answered as inactive.")

    def test_a_put_without_active_switches_nobody(self) -> None:
        made = self.create(self.full_body(0))
        body = self.full_body(0)
        del body["active"]
        self.put(made["id"], body)
        self._has_access(made["id"], True, "Somebody whose PUT says nothing about active")
        self.patch(made["id"], replace("active", False))
        self.put(made["id"], body)
        self._has_access(made["id"], False, "A leaver whose PUT says nothing about active")

    def test_a_change_to_a_leaver_gives_no_access(self) -> None:
        made = self.create(self.full_body(0))
        self.patch(made["id"], replace("active", False))
        changes = [replace(line.sent_at, self.sample(line, 1)) for line in self.first_lines]
        self.patch(made["id"], replace("displayName", "Changed"), *changes)
        self._has_access(made["id"], False, "A leaver whose attributes were changed")

    def test_a_new_account_has_no_password(self) -> None:
        account = self.account_of(self.create(self.full_body(0))["id"])
        usable = getattr(account, "has_usable_password", lambda: False)()
        expect(not usable, "A new account has a password.", "Call super().new_account() in new_account().")

    def test_a_protected_account_is_left_alone(self, guard: str, touching: Send) -> None:
        made = self.create(self.full_body(0))
        self.protect(self.account_of(made["id"]), guard)
        before = self.snapshot(made["id"])
        answer = touching(self.scim, made["id"], self.full_body(0))
        expect(
            answer.status == 403,
            f"An account with {guard} is changed by provisioning: {answer.status}, not 403.",
            "Call super().is_protected(user) in is_protected(); write protect() of this class where your "
            "application protects accounts by another mark.",
        )
        expect(
            self.snapshot(made["id"]) == before,
            f"An account with {guard} was refused and changed all the same.",
        )

    def test_a_protected_account_is_not_taken_over_by_its_name(self, guard: str) -> None:
        made = self.create(self.full_body(0))
        account = self.account_of(made["id"])
        self.protect(account, guard)
        ProvisionedUser.objects.filter(scim_id=made["id"]).delete()
        self.scim.request("POST", "Users", self.full_body(0))
        linked = ProvisionedUser.objects.filter(user=account).exists()
        expect(not linked, f"A POST was given an account with {guard}.", "Call super().is_protected(user).")
