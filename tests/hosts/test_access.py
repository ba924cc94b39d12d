"""``active`` is the account's own switch: whoever moved it, what is shown, found and written agrees with it.

These tests run in every host. Where the switch is the account's, two connections share it; where it is a membership's,
those of one customer do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SharedAccount
from scim_provisioning.rules.customers import may_be
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, make_connection, spelled
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


def body(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = spelled(person(**changes))
    return made


def say(scim: ScimClient, scim_id: str, active: bool, how: str = "PATCH") -> dict[str, Any]:
    """Deactivate or activate as an identity provider does; the resource that it is answered."""
    if how == "PUT":
        answer = scim.put(f"/Users/{scim_id}", body(active=active))
    else:
        answer = scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "active", "value": active}])
    assert answer.status_code == 200, answer.content
    resource: dict[str, Any] = answer.json()
    return resource


def found(scim: ScimClient, text: str) -> list[str]:
    answer = scim.get("/Users?filter=" + text.replace(" ", "+"))
    return [resource["id"] for resource in answer.json()["Resources"]]


def agree(scim: ScimClient, scim_id: str, active: bool) -> None:
    """What is shown of one person is what filters find."""
    assert scim.get(f"/Users/{scim_id}").json()["active"] is active
    assert found(scim, f"active eq {str(active).lower()}") == [scim_id]
    assert found(scim, f"active eq {str(not active).lower()}") == []
    assert found(scim, f"active ne {str(active).lower()}") == []


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", body()).json()["id"]
    return scim_id


def is_on(organization: Any) -> bool:
    active: bool = host().facts(INES, organization)["active"]
    return active


# --- an administrator moved the switch by hand


@pytest.mark.parametrize("how", ["PATCH", "PUT"])
def test_who_was_switched_on_by_hand_is_switched_off_again_by_the_next_deactivation(
    scim: ScimClient, ines: str, organization: Any, how: str
) -> None:
    say(scim, ines, False)
    host().switch(INES, organization, True)
    agree(scim, ines, True)
    assert say(scim, ines, False, how)["active"] is False
    assert not is_on(organization)
    agree(scim, ines, False)


@pytest.mark.parametrize("how", ["PATCH", "PUT"])
def test_who_was_switched_off_by_hand_is_switched_on_again_by_the_next_activation(
    scim: ScimClient, ines: str, organization: Any, how: str
) -> None:
    host().switch(INES, organization, False)
    agree(scim, ines, False)
    assert say(scim, ines, True, how)["active"] is True
    assert is_on(organization)
    agree(scim, ines, True)


@pytest.mark.parametrize("on", [True, False])
def test_a_change_of_something_else_leaves_the_switch_where_a_hand_has_put_it(
    scim: ScimClient, ines: str, organization: Any, on: bool
) -> None:
    say(scim, ines, not on)
    host().switch(INES, organization, on)
    scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "title", "value": "Fellow"}])
    assert is_on(organization) is on
    agree(scim, ines, on)


@pytest.mark.parametrize("on", [True, False])
def test_people_are_sorted_by_what_is_shown(scim: ScimClient, ines: str, organization: Any, on: bool) -> None:
    other = scim.post("/Users", spelled(person("rui.sousa"))).json()["id"]
    say(scim, ines, not on)
    say(scim, other, not on)
    host().switch(INES, organization, on)
    listed = scim.get("/Users?sortBy=active").json()["Resources"]
    assert [one["id"] for one in listed] == ([other, ines] if on else [ines, other])


def test_a_deactivation_that_a_hand_was_quicker_with_changes_nothing_and_is_remembered(
    scim: ScimClient, ines: str, organization: Any
) -> None:
    host().switch(INES, organization, False)
    events = ProvisioningEvent.objects.count()
    before = scim.get(f"/Users/{ines}").json()
    assert say(scim, ines, False) == before
    assert ProvisioningEvent.objects.count() == events
    assert ProvisionedUser.objects.get().active is False


def test_who_was_switched_on_by_hand_is_switched_off_by_a_delete(
    scim: ScimClient, ines: str, organization: Any
) -> None:
    say(scim, ines, False)
    host().switch(INES, organization, True)
    assert scim.delete(f"/Users/{ines}").status_code == 204
    learner = get_adapter_class()(ProvisionedUser.objects.get().user, link=ProvisionedUser.objects.get())
    assert learner.has_access is False


# --- two connections, any sequence: the account's switch and both identity providers' views agree with a model

STEPS = st.lists(
    st.sampled_from(
        [
            *[(who, what) for who in "AB" for what in ("true", "false", "delete", "post")],
            ("LMS", "on"),
            ("LMS", "off"),
            ("A", "disconnect"),
            ("A", "suspend"),
        ]
    ),
    min_size=1,
    max_size=9,
)


@dataclass
class Model:
    """What should be so. ``shared``: the switch is the account's. Wishes: True, False, or None for somebody deleted.
    ``heirs``: whom the host lets own the account after its owner."""

    shared: bool
    heirs: set[str]
    wish: dict[str, bool | None] = field(default_factory=lambda: {"A": True, "B": True})
    on: dict[str, bool] = field(default_factory=lambda: {"A": True, "B": True})
    owns: dict[str, bool] = field(default_factory=lambda: {"A": True, "B": False})
    archived: bool = False

    def is_here(self, who: str) -> bool:
        return self.wish[who] is not None and not (who == "A" and self.archived)

    def others_want(self, who: str) -> bool:
        other = "B" if who == "A" else "A"
        return self.shared and self.wish[other] is True and self.is_here(other)

    def turn(self, who: str, on: bool) -> None:
        for one in "AB" if self.shared else who:
            self.on[one] = on

    def hand_on(self, who: str) -> None:
        other = "B" if who == "A" else "A"
        if self.owns[who] and self.is_here(other) and other in self.heirs:
            self.owns[other] = True

    def may_let_in(self, who: str) -> bool:
        """Whom their owner has let go no guest lets in again; whose owner is here still, the word lets in."""
        other = "B" if who == "A" else "A"
        has_left = self.owns[other] and not self.is_here(other) and not self.wish[other]
        return not (self.shared and not self.owns[who] and has_left and not self.on[who])

    def post(self, who: str) -> None:
        other = "B" if who == "A" else "A"
        was_guest, owner_is_here = not self.owns[who], self.owns[other] and self.is_here(other)
        if not self.may_let_in(who):
            return
        self.owns[who] = not owner_is_here and (not was_guest or who in self.heirs)
        self.wish[who] = True
        self.turn(who, True)

    def shown(self, who: str) -> bool:
        kept = self.on[who] and self.wish[who] is False and self.others_want(who)
        return False if kept else self.on[who]

    def step(self, who: str, what: str) -> None:
        if who == "LMS":
            self.turn("A", what == "on")
        elif what in ("true", "false") and self.wish[who] is not None:
            if what == "true" and not self.may_let_in(who):
                return
            self.wish[who] = what == "true"
            if what == "true" or not self.others_want(who):
                self.turn(who, what == "true")
        elif what == "delete" and self.wish[who] is not None:
            self.hand_on(who)
            self.wish[who] = None
            if not self.others_want(who):
                self.turn(who, False)
        elif what == "post" and self.wish[who] is None:
            self.post(who)
        elif what in ("disconnect", "suspend"):
            if what == "suspend" and self.wish["A"] is not None:
                # Of whom the LMS has switched off nobody is to find a wish to be on.
                was_on, self.wish["A"] = self.shown("A"), False
                if was_on and not self.others_want("A"):
                    self.turn("A", False)
            # Whoever was on by the wish of the one that ends alone is what the other one has said.
            if self.wish["A"] and self.shared and self.is_here("B") and self.wish["B"] is False:
                self.turn("A", False)
            if self.wish["A"] is not None:
                self.hand_on("A")
            self.archived = True


class World:
    """Two connections, of two customers or of one, that share Ines' account by an administrator's word; ``second`` is
    what the second one sends."""

    def __init__(self, *, of_one_customer: bool = False, **second: Any) -> None:
        self.customer = host().make_customer()
        first = make_connection("A")
        first.sso_key = str(host().make_sso(self.customer).pk)
        first.save()
        second_one = another_connection(self.customer if of_one_customer else None)
        self.connections = {"A": first, "B": second_one}
        self.clients = {
            name: ScimClient(TokenFactory(connection=connection).plaintext)
            for name, connection in self.connections.items()
        }
        self.ids = {"A": self.clients["A"].post("/Users", body()).json()["id"]}
        self.account = ProvisionedUser.objects.get().user
        for connection in self.connections.values():
            SharedAccount.objects.create(connection=connection, user=self.account)
        self.ids["B"] = self.clients["B"].post("/Users", body(**second)).json()["id"]
        adapter = get_adapter_class()
        switch: Any = adapter.compiled(first).active
        self.shares_switch = switch.source.belongs_to_account or of_one_customer
        self.heirs = {name for name, one in self.connections.items() if may_be(adapter, one, self.account.pk)}

    def step(self, who: str, what: str) -> None:
        if who == "LMS":
            host().switch(INES, self.customer, what == "on")
        elif what in ("disconnect", "suspend"):
            if not SCIMConnection.objects.get(pk=self.connections["A"].pk).is_archived:
                choice = "keep" if what == "disconnect" else "suspend"
                connections.disconnect(self.connections["A"], actor=None, learners=choice)
        elif what == "post":
            self.clients[who].post("/Users", body())
        elif what == "delete":
            self.clients[who].delete(f"/Users/{self.ids[who]}")
        else:
            change = [{"op": "Replace", "path": "active", "value": what == "true"}]
            self.clients[who].patch(f"/Users/{self.ids[who]}", change)

    def has_access(self, who: str) -> bool | None:
        link = ProvisionedUser.objects.select_related("user").get(scim_id=self.ids[who])
        return get_adapter_class()(link.user, link=link, connection=self.connections[who]).has_access


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class OneEach(Exception):
    """In this LMS a customer has one identity provider."""


def another_connection(customer: Any) -> SCIMConnection:
    """The second one, of a customer of its own or of this one. Raises ``OneEach``."""
    try:
        with transaction.atomic():
            return make_connection("B", customer)
    except IntegrityError as error:
        raise OneEach from error


@settings(max_examples=20)
@given(of_one_customer=st.booleans(), steps=STEPS)
def test_whatever_two_connections_and_the_lms_do_the_switch_is_as_it_should_be_and_both_see_it(
    of_one_customer: bool, steps: list[tuple[str, str]]
) -> None:
    with taken_back():
        try:
            world = World(of_one_customer=of_one_customer)
        except OneEach:
            reject()
        model = Model(shared=world.shares_switch, heirs=world.heirs)
        for who, what in steps:
            if model.archived and who == "A":
                continue
            world.step(who, what)
            model.step(who, what)
            told = f"after {who} {what} in {steps}"
            for one in "AB":
                assert world.has_access(one) == model.on[one], told
                if model.wish[one] is not None and not (one == "A" and model.archived):
                    agree(world.clients[one], world.ids[one], model.shown(one))


@pytest.mark.parametrize("of_one_customer", [False, True], ids=["two customers", "one customer"])
@pytest.mark.parametrize(
    "steps",
    [
        [("B", "delete"), ("A", "delete"), ("B", "post"), ("A", "post"), ("B", "post")],
        [("A", "delete"), ("B", "delete"), ("B", "post"), ("LMS", "on"), ("B", "post")],
        [("B", "delete"), ("A", "suspend"), ("B", "post"), ("LMS", "on"), ("B", "post")],
        [("A", "delete"), ("B", "false"), ("B", "true"), ("B", "delete"), ("B", "post"), ("A", "post")],
    ],
)
def test_whom_the_owner_has_let_go_a_guest_lets_in_again_only_after_somebody_has_said_so(
    of_one_customer: bool, steps: list[tuple[str, str]]
) -> None:
    try:
        world = World(of_one_customer=of_one_customer)
    except OneEach:
        pytest.skip(str(OneEach.__doc__))
    model = Model(shared=world.shares_switch, heirs=world.heirs)
    for who, what in steps:
        world.step(who, what)
        model.step(who, what)
        assert {one: world.has_access(one) for one in "AB"} == model.on, (who, what)


# --- who keeps somebody active


def test_a_disconnected_connection_keeps_nobody_active(organization: Any) -> None:
    world = World()
    connections.disconnect(world.connections["A"], actor=None, learners="keep")
    say(world.clients["B"], world.ids["B"], False)
    assert world.has_access("B") is False


def test_while_another_connection_keeps_the_account_on_each_sees_its_own_wish_and_repeats_nothing() -> None:
    world = World()
    assert say(world.clients["A"], world.ids["A"], False)["active"] is False
    assert world.has_access("B") is True
    agree(world.clients["A"], world.ids["A"], False)
    agree(world.clients["B"], world.ids["B"], True)
    events = ProvisioningEvent.objects.count()
    say(world.clients["A"], world.ids["A"], False)
    assert ProvisioningEvent.objects.count() == events
    say(world.clients["B"], world.ids["B"], False)
    assert world.has_access("A") is world.has_access("B") is False


def test_a_newcomer_who_is_sent_inactive_does_not_switch_off_whom_another_connection_keeps_on() -> None:
    world = World(active=False)
    agree(world.clients["B"], world.ids["B"], False)
    assert world.has_access("A") is True


# --- what the host's sign-in is told


def test_each_connection_lets_in_whom_its_own_identity_provider_wants() -> None:
    world = World()
    say(world.clients["A"], world.ids["A"], False)
    account = type(world.account)._base_manager.get(pk=world.account.pk)
    assert not may_sign_in(account, world.connections["A"])
    assert may_sign_in(account, world.connections["B"])
    assert may_sign_in(account)
    world.clients["B"].delete(f"/Users/{world.ids['B']}")
    account = type(world.account)._base_manager.get(pk=world.account.pk)
    assert not may_sign_in(account, world.connections["B"])
    assert not may_sign_in(account)
