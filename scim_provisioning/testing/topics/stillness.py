"""What must not be written: by reading, by a request that changes nothing, by the same request again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from scim_provisioning.models import ProvisionedUser, SCIMToken
from scim_provisioning.testing.bench import Bench, expect, replace
from scim_provisioning.testing.mapped import Mapped

_TODO = "Let write() leave a row alone that already means what was sent: write(read()) must change nothing."
_WRITES = ("INSERT", "UPDATE", "DELETE")


class Stillness(Bench):
    """The app takes a request that changes nothing for nothing: no row, no log entry, no version."""

    def test_writing_what_was_read_writes_nothing(self) -> None:
        made = self.create(self.full_body(0))
        adapter = self.adapter_of(made["id"])
        adapter.remember_rows()
        document = adapter.read()
        with queries() as sent:
            adapter.write(document)
            adapter.save()
        expect(not writes(sent), f"write(read()) and save() wrote: {writes(sent)}", _TODO)
        expect(adapter.read() == document, "The document differs after write(read()).", _TODO)

    def test_reading_and_listing_write_nothing(self) -> None:
        made = self.create(self.full_body(0))
        before, events = self.snapshot(made["id"]), self.number_of_events()
        with queries() as sent:
            self.read(made["id"])
            self.scim.get("Users")
        expect(not writes(sent), f"Reading wrote: {writes(sent)}", "Keep read() free of writes.")
        expect(self.snapshot(made["id"]) == before, "Reading changed the row.", "Keep read() free of writes.")
        expect(self.number_of_events() == events, "Reading wrote to the log.")

    def test_a_patch_that_changes_nothing_writes_nothing(self) -> None:
        made = self.create(self.full_body(0))
        operations = [replace(line.sent_at, self.sample(line, 0)) for line in self.first_lines]
        self._changes_nothing(
            made["id"], lambda: self.patch(made["id"], replace("active", True), *operations)
        )

    def test_a_put_of_what_was_answered_writes_nothing(self) -> None:
        made = self.create(self.full_body(0))
        self._changes_nothing(made["id"], lambda: self.put(made["id"], made))

    def test_the_same_patch_twice_changes_once(self, attribute: Mapped) -> None:
        made = self.create(self.body(0, attribute))
        change = replace(attribute.sent_at, self.sample(attribute, 1))
        self.patch(made["id"], change)
        self._changes_nothing(made["id"], lambda: self.patch(made["id"], change))

    def test_the_same_post_twice_is_409_and_makes_one_account(self) -> None:
        self.create(self.full_body(0))
        before = self.number_of_accounts()
        answer = self.scim.request("POST", "Users", self.full_body(0))
        expect(answer.status == 409, f"The same POST again is answered {answer.status}; 409 was due.")
        expect(self.number_of_accounts() == before, "The same POST again made another account.")

    def _changes_nothing(self, scim_id: str, send: Callable[[], object]) -> None:
        __tracebackhide__ = True
        version, before, events = (
            self.read(scim_id)["meta"]["version"],
            self.snapshot(scim_id),
            self.number_of_events(),
        )
        with queries() as sent:
            send()
        expect(not writes(sent), f"A request that changes nothing wrote: {writes(sent)}", _TODO)
        expect(self.snapshot(scim_id) == before, "A request that changes nothing changed the row.", _TODO)
        expect(self.number_of_events() == events, "A request that changes nothing stands in the log.", _TODO)
        expect(
            self.read(scim_id)["meta"]["version"] == version,
            "A request that changes nothing has a new version.",
        )


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that are sent to the database of learners meanwhile."""
    sent: list[str] = []
    with CaptureQueriesContext(connections[router.db_for_write(ProvisionedUser)]) as captured:
        yield sent
    sent += [query["sql"] for query in captured]


def writes(sent: list[str]) -> list[str]:
    """Those of them that write, apart from the note that a token was used."""
    token = SCIMToken._meta.db_table
    return [sql for sql in sent if sql.lstrip().upper().startswith(_WRITES) and token not in sql]
