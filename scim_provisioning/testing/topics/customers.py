"""Two customers: neither sees, reaches, names nor switches off anybody of the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import quote

from scim_provisioning.models import ProvisionedUser
from scim_provisioning.testing.bench import Caller, expect, replace
from scim_provisioning.testing.mapped import Mapped
from scim_provisioning.testing.simulators import Answer
from scim_provisioning.testing.topics.access import AskingForAccess

_TODO = "Look at links(), tenant_users(), find_learner() and every within= of your adapter."


def _read(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.get(f"Users/{scim_id}")


def _put(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.put(scim_id, body)


def _patch(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.patch(scim_id, replace("active", False))


def _delete(scim: Caller, scim_id: str, body: dict[str, Any]) -> Answer:
    return scim.delete(scim_id)


class Customers(AskingForAccess):
    """The token selects the customer; an id of another customer's is nobody's."""

    cases: ClassVar[dict[str, list[Any]]] = {"any_verb": [_read, _put, _patch, _delete]}

    def test_another_customer_finds_none_of_our_people(self, second_customer: str) -> None:
        made = self.create(self.full_body(0))
        searches = ["Users", f"Users?filter={quote('userName pr')}"]
        searches += [f"Users?filter={quote(f'{line.path} pr')}" for line in self.first_lines]
        for search in searches:
            found = [user["id"] for user in self.other.get(search).resource.get("Resources") or []]
            expect(made["id"] not in found, f"Another customer's GET {search} answers our person.", _TODO)

    def test_another_customer_gets_404_for_our_ids(
        self, second_customer: str, any_verb: Callable[[Caller, str, dict[str, Any]], Answer]
    ) -> None:
        made = self.create(self.full_body(0))
        before = self.snapshot(made["id"])
        answer = any_verb(self.other, made["id"], self.full_body(0, title="Intruder"))
        expect(
            answer.status == 404,
            f"Another customer's request for our person is {answer.status}, not 404.",
            _TODO,
        )
        expect(self.snapshot(made["id"]) == before, "Another customer's request changed our row.", _TODO)

    def test_the_same_name_at_two_customers_is_two_people_who_leave_apart(self, second_customer: str) -> None:
        ours = self.create(self.full_body(0))
        answer = self.other.request("POST", "Users", self.full_body(0))
        # 409 is an answer too: where accounts are named by e-mail address, no second one is invented.
        if answer.status != 409:
            theirs = self.answered(answer, 201, "The same name at another customer is refused")
            expect(theirs["id"] != ours["id"], "Two customers were given one SCIM id.", _TODO)
            self.answered(self.other.delete(theirs["id"]), 204, "Their DELETE is refused")
        self._has_access(
            ours["id"],
            True,
            "Somebody whose namesake left another customer",
            "Let active be a column of the customer's own row (a membership) where accounts are shared.",
        )

    def test_somebody_of_another_customer_cannot_be_named_as_manager(
        self, second_customer: str, manager: Mapped
    ) -> None:
        theirs = self.create(self.full_body(0), self.other)
        body = self.full_body(1)
        manager.put(body, theirs["id"])
        held = self.held(manager, self.create(body)["id"])
        expect(held is None, "The manager of our person is somebody of another customer.", _TODO)

    def test_the_same_name_at_two_customers_is_two_rows(self, second_customer: str, scoped: Mapped) -> None:
        ours, theirs = self.create(self.body(0, scoped)), self.create(self.body(2, scoped), self.other)
        value = self.sample(scoped, 0)
        self.answered(
            self.other.patch(theirs["id"], replace(scoped.sent_at, value)), 200, "Their PATCH is refused"
        )
        mine = self._rows_named_by(scoped, ours["id"], self.connection)
        others = self._rows_named_by(scoped, theirs["id"], self._other_connection(theirs["id"]))
        expect(mine and others, f"{scoped} was sent, and no row is named.")
        expect(not mine & others, f"Two customers share a row of {scoped}.", "Correct within= of the line.")

    def _other_connection(self, scim_id: str) -> Any:
        return ProvisionedUser.objects.get(scim_id=scim_id).connection

    def _rows_named_by(self, line: Mapped, scim_id: str, connection: Any) -> set[Any]:
        links = list(self.adapter_class.links(connection).filter(scim_id=scim_id))
        row = line.row_of(self.adapter_class.for_links(links, connection)[0])
        if line.field.many_to_many:
            return set(getattr(row, line.field.name).values_list("pk", flat=True))
        return {getattr(row, line.field.attname)} - {None}
