"""DELETE, and the day somebody returns: the same id, the same account, everything that hangs on it."""

from __future__ import annotations

from urllib.parse import quote

from scim_provisioning.testing.bench import expect, replace
from scim_provisioning.testing.mapped import keys_of
from scim_provisioning.testing.topics.access import AskingForAccess

_TODO = "Do not delete or replace accounts in delete(), save(), on_deactivated() or a signal."


class Returning(AskingForAccess):
    """Somebody who was deleted is gone for the identity provider, and kept by the host."""

    def test_somebody_deleted_is_gone_for_the_identity_provider(self) -> None:
        made = self.create(self.full_body(0))
        self.delete(made["id"])
        named = quote(f'userName eq "{self.user_name(0)}"')
        expect(self.scim.get(f"Users/{made['id']}").status == 404, "Somebody deleted is still answered.")
        expect(self.scim.delete(made["id"]).status == 404, "A second DELETE is not answered 404.")
        found = self.scim.get(f"Users?filter={named}").resource.get("totalResults")
        expect(found == 0, "Somebody deleted is still found by userName.")

    def test_somebody_who_returns_has_the_same_id_and_account(self) -> None:
        made = self.create(self.full_body(0))
        account = self.account_of(made["id"])
        rows = keys_of(self.adapter_of(made["id"]))
        accounts = self.number_of_accounts()
        self.delete(made["id"])
        back = self.create(self.full_body(0))
        expect(back["id"] == made["id"], "Somebody who returned has another SCIM id.", _TODO)
        expect(
            self.account_of(back["id"]).pk == account.pk, "Somebody who returned has another account.", _TODO
        )
        expect(self.number_of_accounts() == accounts, "Somebody who returned made another account.", _TODO)
        expect(
            keys_of(self.adapter_of(back["id"])) == rows,
            "Somebody who returned has other rows than before: their progress hangs on the old ones.",
            _TODO,
        )
        self._has_access(back["id"], True, "Somebody who returned")

    def test_somebody_who_returns_has_the_values_that_were_sent_then(self) -> None:
        made = self.create(self.full_body(0))
        self.delete(made["id"])
        body = self.full_body(1)
        body["userName"] = self.user_name(0)
        self.create(body)
        self.rows_hold(made["id"], 1)

    def test_a_name_that_was_another_persons_inherits_nothing(self) -> None:
        """A 409 is right too, where accounts are named by addresses and step_aside() is not written."""
        made = self.create(self.full_body(0, externalId="first"))
        old = self.account_of(made["id"])
        self.delete(made["id"])
        answer = self.scim.request("POST", "Users", self.full_body(0, externalId="second"))
        expect(
            answer.status in (201, 409),
            f"A new person with the name of somebody deleted is answered {answer.status}; 201 or 409 was due.",
        )
        if answer.status == 201:
            new = answer.resource["id"]
            expect(
                new != made["id"] and self.account_of(new).pk != old.pk,
                "A new person with the name of somebody deleted got their account, and with it their certificates.",
                "Name only certain evidence strong in find_learner().",
            )

    def test_somebody_inactive_is_switched_on_again_in_the_same_account(self) -> None:
        made = self.create(self.full_body(0))
        account = self.account_of(made["id"])
        self.patch(made["id"], replace("active", False))
        self.patch(made["id"], replace("active", True))
        expect(
            self.account_of(made["id"]).pk == account.pk, "Switching off and on made another account.", _TODO
        )
