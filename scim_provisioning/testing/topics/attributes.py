"""Each mapped attribute, there and back: the document, the host's row, the document."""

from __future__ import annotations

from typing import Any

from scim_provisioning.protocol.constants import CORE_USER
from scim_provisioning.protocol.resources import Document
from scim_provisioning.testing.bench import Bench, expect, replace
from scim_provisioning.testing.mapped import Mapped, same_value, user_name_of

_KIND = "Use the kind that fits the column, or correct to_scim and assign of your own kind."


class Attributes(Bench):
    """Write, read back, change, clear, and who is right when the two differ."""

    def test_a_value_lands_in_the_row_and_is_read_back_as_sent(self, attribute: Mapped) -> None:
        made = self.create(self.body(0, attribute))
        self._is_everywhere(attribute, made, self.sample(attribute, 0))

    def test_a_change_by_patch_reaches_the_row(self, attribute: Mapped) -> None:
        made = self.create(self.body(0, attribute))
        value = self.sample(attribute, 1)
        self._is_everywhere(attribute, self.patch(made["id"], replace(attribute.sent_at, value)), value)

    def test_a_change_by_put_reaches_the_row(self, attribute: Mapped) -> None:
        made = self.create(self.body(0, attribute))
        value = self.sample(attribute, 1)
        body = self.body(0, attribute)
        attribute.put(body, value)
        self._is_everywhere(attribute, self.put(made["id"], body), value)

    def test_clearing_an_attribute_empties_the_field(self, clearable: Mapped) -> None:
        made = self.create(self.body(0))
        without = self.held(clearable, made["id"])
        values = (self.sample(clearable, number) for number in range(3))
        value = next(value for value in values if not same_value(value, without))
        self.patch(made["id"], replace(clearable.sent_at, value))
        left = self.patch(made["id"], {"op": "remove", "path": clearable.sent_at})
        held = self.held(clearable, made["id"])
        # Empty, or the column's default where it has to hold something.
        expect(
            held is None or same_value(without, held),
            f"{clearable} was removed, and the row still holds {held!r}; a person without it has {without!r}.",
            'If it is meant to stay, say when_empty="keep"; else correct clear() of your own kind.',
        )
        shown = clearable.read(left)
        expect(
            not same_value(value, shown),
            f"{clearable} was removed, and {shown!r} is answered.",
        )

    def test_an_attribute_that_is_kept_survives_being_cleared(self, kept: Mapped) -> None:
        made = self.create(self.body(0, kept))
        self.patch(made["id"], {"op": "remove", "path": kept.sent_at})
        held = self.held(kept, made["id"])
        expect(
            same_value(self.sample(kept, 0), held),
            f"{kept} says when_empty='keep', and the row holds {held!r}.",
        )

    def test_a_person_without_a_required_attribute_is_refused_and_leaves_nothing(
        self, required: Mapped
    ) -> None:
        body = self.body(0)
        feeders = [line for line in self.lines if line.shown_at == required.shown_at]
        for line in feeders:
            body = _without(body, line)
        before = self.number_of_accounts()
        answer = self.scim.request("POST", "Users", body)
        expect(
            answer.status == 400, f"{required} is required; a person without it was answered {answer.status}."
        )
        expect(self.number_of_accounts() == before, "A person was refused, and an account was left behind.")

    def test_the_row_wins_when_your_application_changes_it(self, attribute: Mapped) -> None:
        made = self.create(self.body(0, attribute))
        value = self.sample(attribute, 1)
        adapter = self.adapter_of(made["id"])
        adapter.remember_rows()
        document = adapter.read()
        attribute.put(document, value)
        adapter.write(document)
        adapter.save()
        now = self.read(made["id"])
        shown = attribute.read(now)
        # Rows of a relation that SCIM did not set are not shown either; those that are gone, are gone.
        is_right = shown is None if attribute.keeps_others else same_value(value, shown)
        expect(
            is_right,
            f"The row's {attribute} became {value!r}, and {shown!r} is answered.",
            "Correct same() of your own kind: it says that the row still means what was sent.",
        )
        expect(
            now["meta"]["version"] != made["meta"]["version"],
            f"The row's {attribute} changed, and the version (ETag) did not.",
        )

    def test_text_too_long_for_its_column_is_refused_never_cut(self, limited: Mapped) -> None:
        number = (limited.longest or 0) + 1
        body, before = self.body(0), self.number_of_accounts()
        limited.put(body, f"{'x' * (number - 10)}@a.invalid" if limited.is_address else "x" * number)
        answer = self.scim.request("POST", "Users", body)
        expect(
            answer.status == 400,
            f"{limited} takes {limited.longest} characters; {number} were answered {answer.status}.",
            "Refuse what the column cannot hold (scim.Text does): what is cut is sent again in every cycle.",
        )
        expect(self.number_of_accounts() == before, "A person was refused, and an account was left behind.")

    def test_a_column_keeps_its_default_when_nothing_is_sent(self, defaulted: Mapped) -> None:
        made = self.create(self.body(0))
        row = defaulted.row_of(self.adapter_of(made["id"]))
        stored = getattr(row, defaulted.field.attname)
        expect(
            stored == defaulted.plain_default,
            f"Nothing was sent for {defaulted}, and {defaulted.field.name} is {stored!r} in place of its default "
            f"{defaulted.plain_default!r}.",
            "A line must not clear what was never sent.",
        )

    def test_an_attribute_that_nobody_maps_is_kept_and_returned(self) -> None:
        mapped = {line.name for line in self.lines}
        name = next(name for name in ("nickName", "displayName", "userType", "locale") if name not in mapped)
        made = self.create(self.body(0, **{name: "Kept"}))
        expect(
            self.read(made["id"]).get(name) == "Kept",
            f"{name} was sent, and is not returned: Entra would send it again in every cycle.",
            "Call super().read() where you override read().",
        )

    def test_the_user_name_lands_in_the_account(self, account_name: str) -> None:
        made = self.create(self.body(0))
        held = user_name_of(self.adapter_of(made["id"]))
        expect(
            str(held).casefold() == self.user_name(0).casefold(),
            f"userName was {self.user_name(0)!r}, and {account_name} of the account is {held!r}.",
        )

    def test_somebody_who_is_renamed_keeps_id_and_account(self, account_name: str) -> None:
        made = self.create(self.body(0))
        account = self.account_of(made["id"])
        left = self.patch(made["id"], replace("userName", self.user_name(1)))
        held = user_name_of(self.adapter_of(made["id"]))
        expect(
            left["userName"] == self.user_name(1),
            f"userName was replaced, and is answered {left['userName']!r}.",
        )
        expect(self.account_of(made["id"]).pk == account.pk, "A new name made a new account.")
        expect(str(held).casefold() == self.user_name(1).casefold(), f"{account_name} is still {held!r}.")

    def _is_everywhere(self, line: Mapped, answer: Document, value: Any) -> None:
        """The value stands in the answer and in the next one as it was sent, and the row means it."""
        __tracebackhide__ = True
        held, scim_id = self.held(line, answer["id"]), answer["id"]
        expect(same_value(value, held), f"{line} was sent as {value!r}, and the row holds {held!r}.", _KIND)
        for shown in (line.read(answer), line.read(self.read(scim_id))):
            expect(
                shown == value,
                f"{line} was sent as {value!r}, and {shown!r} is answered: it would be sent again in every cycle.",
                _KIND,
            )


def _without(body: Document, line: Mapped) -> Document:
    """The body without the attribute of a line."""
    if line.urn == CORE_USER:
        return {name: value for name, value in body.items() if name != line.name}
    return {**body, line.urn: {n: value for n, value in body.get(line.urn, {}).items() if n != line.name}}
