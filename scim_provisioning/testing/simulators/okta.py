"""Okta's provisioning, as a SCIM server sees it (Okta, "SCIM 2.0 protocol reference" and its SPEC test suite)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER, MEDIA_TYPE, PATCH_OP
from scim_provisioning.testing.simulators import documents
from scim_provisioning.testing.simulators.directory import OKTA_MAPPING, Person, Row, scim_values
from scim_provisioning.testing.simulators.exchange import Answer, Send, Step
from scim_provisioning.testing.simulators.judging import echo_fault, found_in, list_fault, page_fault, same
from scim_provisioning.testing.simulators.session import Simulator

PAGE = 100
"""How many people Okta asks for at once."""


class OktaSimulator(Simulator):
    """Plays one Okta application against one Tenant URL, and judges the answers as Okta would.

    base_url, token, send, on_step: as for `EntraSimulator`.
    catalogue: push profiles by a PATCH without a path, as newer templates of Okta's catalogue do; the default is
    an application of the customer's own, which reads, merges and sends the whole user by PUT.
    mapping: what of a Person is sent where. Okta matches by userName alone.

    Never raises for what the server does: every request is a Step, and `problems` are those that went wrong.
    Okta never sends DELETE.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        send: Send | None = None,
        catalogue: bool = False,
        *,
        mapping: Sequence[Row] = OKTA_MAPPING,
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
            "Accept": MEDIA_TYPE,
            "Accept-Charset": "utf-8",
            "User-Agent": "Okta SCIM Client 1.0.0",
        }
        super().__init__(base_url, headers, send, on_step)
        self.catalogue = catalogue
        self.mapping = tuple(mapping)
        self.directory: dict[str, Person] = {}
        self.anchors: dict[str, str] = {}

    # What an administrator, or the clock, makes Okta do.

    def test_connection(self) -> bool:
        """Press Test API Credentials: ask for a page of two. True if answered well."""
        self._page("Users", 1, 2, "test the credentials")
        return self.steps[-1].ok

    def initial_cycle(self, people: Iterable[Person]) -> list[Step]:
        """Assign these people to the application: link whoever is there, create the others."""
        start = len(self.steps)
        self.test_connection()
        for person in people:
            self.directory[person.objectId] = person
            self._assign(person)
        return self.steps[start:]

    def incremental(self, changes: Iterable[Person]) -> list[Step]:
        """Push the profiles of these people, given as they are now; the newcomers among them are assigned."""
        start = len(self.steps)
        for person in changes:
            self.directory[person.objectId] = person
            anchor = self.anchors.get(person.objectId)
            if anchor is None:
                self._assign(person)
            else:
                self._push(person, anchor)
        return self.steps[start:]

    def disable(self, person: Person) -> Person:
        """Deactivate the account, or take it off the application. Return the person as Okta now holds them."""
        return self._switch(replace(self._known(person), accountEnabled=False))

    def restore(self, person: Person) -> Person:
        """Activate the account again. Return the person as Okta now holds them."""
        return self._switch(replace(self._known(person), accountEnabled=True, isSoftDeleted=False))

    def import_people(self, page: int = PAGE) -> list[dict[str, Any]]:
        """Import everybody, `page` at a time, and ask for the groups. Return the users as they were answered."""
        users: list[dict[str, Any]] = []
        while True:
            answer = self._page("Users", len(users) + 1, page, f"import people from {len(users) + 1}", users)
            found = found_in(answer)
            users += found
            total = answer.resource.get("totalResults")
            if not self.steps[-1].ok or not found or not isinstance(total, int) or len(users) >= total:
                break
        self._page("Groups", 1, page, "import groups")
        return users

    # The provisioning of one person.

    def _known(self, person: Person) -> Person:
        return self.directory.get(person.objectId, person)

    def _assign(self, person: Person) -> None:
        """Look a person up by userName; link and push on a hit, create on none. 404 is none, too."""
        wanted = scim_values(person, self.mapping).get("userName")
        if not isinstance(wanted, str):
            return
        condition = quote(f"userName eq {json.dumps(wanted, ensure_ascii=False)}", safe="")
        answer = self._session.exchange(
            "GET",
            "Users",
            f"look for {person.label}",
            query=f"filter={condition}&startIndex=1&count={PAGE}",
            expect=(200, 404),
            check=lambda answer: list_fault(answer, nobody=False, attribute="userName", value=wanted),
        )
        if not self.steps[-1].ok:
            return
        found = found_in(answer)
        if found:
            self.anchors[person.objectId] = found[0]["id"]
            self._push(person, found[0]["id"])
        elif person.active:
            self._create(person)

    def _create(self, person: Person) -> None:
        values = scim_values(person, self.mapping)
        # A random password is sent even where password sync is off; it must be neither judged nor given back.
        secret = secrets.token_urlsafe(6)
        body = _with_schemas({**documents.nested(values), "groups": [], "password": secret})

        def check(answer: Answer) -> str:
            if "password" in answer.resource:
                return "the answer gives the password back"
            return echo_fault(answer.resource, values)

        answer = self._session.exchange(
            "POST", "Users", f"create {person.label}", body=body, expect=(201,), check=check
        )
        anchor = answer.resource.get("id")
        if answer.status == 201 and isinstance(anchor, str) and anchor:
            self.anchors[person.objectId] = anchor

    def _push(self, person: Person, anchor: str) -> None:
        """Read the user, and send it back with what Okta knows better."""
        values = scim_values(person, self.mapping)
        path = _path(anchor)
        read = self._session.exchange("GET", path, f"read {person.label}")
        if not self.steps[-1].ok:
            return
        held = read.resource
        changes = {at: value for at, value in values.items() if not same(at, value, documents.read(held, at))}
        if not changes:
            return
        names = ", ".join(at.rpartition(":")[2] for at in changes)
        if self.catalogue:
            self._patch(person, anchor, changes, f"update {person.label}: {names}")
            return
        merged = deepcopy(held)
        for at, value in values.items():
            documents.put(merged, at, value)
        self._session.exchange(
            "PUT",
            path,
            f"update {person.label}: {names}",
            body=_with_schemas({**merged, "groups": []}),
            check=lambda answer: echo_fault(answer.resource, values),
        )

    def _switch(self, person: Person) -> Person:
        """Switch a person on or off: a PATCH without a path, in both kinds of application."""
        self.directory[person.objectId] = person
        anchor = self.anchors.get(person.objectId)
        if anchor is not None:
            verb = "activate" if person.active else "deactivate"
            self._patch(person, anchor, {"active": person.active}, f"{verb} {person.label}")
        return person

    def _patch(self, person: Person, anchor: str, changes: Mapping[str, str | bool], what: str) -> None:
        def check(answer: Answer) -> str:
            return echo_fault(answer.resource, changes)

        value = documents.nested(changes)
        body = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": value}]}
        answer = self._session.exchange(
            "PATCH",
            _path(anchor),
            what,
            body=body,
            expect=(200, 204),
            check=lambda answer: check(answer) if answer.status == 200 else "",
        )
        if answer.status == 204:
            self._session.exchange("GET", _path(anchor), f"read {person.label}", check=check)

    def _page(
        self, endpoint: str, start: int, count: int, what: str, before: Sequence[dict[str, Any]] = ()
    ) -> Answer:
        return self._session.exchange(
            "GET",
            endpoint,
            what,
            query=f"startIndex={start}&count={count}",
            check=lambda answer: page_fault(answer, start=start, count=count, before=before),
            essential=True,
        )


def _with_schemas(user: dict[str, Any]) -> dict[str, Any]:
    return {**user, "schemas": [CORE_USER, *([ENTERPRISE_USER] if ENTERPRISE_USER in user else [])]}


def _path(anchor: str) -> str:
    return f"Users/{quote(anchor, safe='')}"
