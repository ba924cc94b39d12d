"""Microsoft Entra ID's provisioning service, as a SCIM server sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit
from uuid import uuid4

from scim_provisioning.protocol.constants import MEDIA_TYPE, PATCH_OP
from scim_provisioning.testing.simulators import documents
from scim_provisioning.testing.simulators.directory import DEFAULT_MAPPING, MANAGER, Person, Row, scim_values
from scim_provisioning.testing.simulators.exchange import Answer, Send, Step
from scim_provisioning.testing.simulators.judging import echo_fault, found_in, list_fault, manager_of, same
from scim_provisioning.testing.simulators.quarantine import Job
from scim_provisioning.testing.simulators.session import Check, Simulator

FLAG = "aadOptscim062020"

Value = str | bool


class EntraSimulator(Simulator):
    """Plays one Entra application against one Tenant URL, and judges the answers as Entra would.

    base_url: the Tenant URL, with or without a trailing slash or `?aadOptscim062020` at its end.
    token: the secret token of the connection.
    send: how to reach the server; default is real HTTP. See `exchange.Send`.
    flag: speak the dialect of `aadOptscim062020` (lower-case operations, JSON booleans, one path-less value)
    in place of the default one (`Add`/`Replace`, one operation an attribute, "True" and "False" as text).
    mapping: the rows of the mapping page; `matching` is the target attribute that people are looked up by.
    on_step: called with each Step as it is recorded.
    job: the job of Entra's that this plays, or a share of; one of its own by default. It knows whether Entra has
    put it into quarantine.

    `failures` are the people whose last operation failed; Entra tries them again in its next cycles.

    Never raises for what the server does: every request is a Step, and `problems` are those that went wrong.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        send: Send | None = None,
        flag: bool = False,
        *,
        mapping: Sequence[Row] = DEFAULT_MAPPING,
        matching: str = "userName",
        on_step: Callable[[Step], None] | None = None,
        job: Job | None = None,
    ) -> None:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",  # on GET too
            "Accept": MEDIA_TYPE,
            "ADSCIMVersion": "5.0",
        }
        self.job = job or Job()
        self._told = on_step
        super().__init__(base_url, headers, send, self._note)
        self.flag = flag or FLAG in urlsplit(base_url).query
        self.mapping = tuple(mapping)
        self.matching = matching
        self.directory: dict[str, Person] = {}
        self.anchors: dict[str, str] = {}
        self.failures: dict[str, Person] = {}
        self._seen: dict[str, dict[str, Any]] = {}

    # What an administrator, or the clock, makes Entra do.

    def test_connection(self) -> bool:
        """Press Test Connection: look for a person and a group that cannot exist. True if answered well."""
        before = len(self.problems)
        nobody = str(uuid4())
        self._list("Users", self.matching, nobody, f"look for nobody by {self.matching}", nobody=True)
        self._session.exchange(
            "GET",
            "Groups",
            "look for no group",
            query=f"excludedAttributes=members&filter={_filter('displayName', str(uuid4()))}",
            check=lambda answer: list_fault(answer, nobody=True),
            essential=True,
        )
        return len(self.problems) == before

    def initial_cycle(self, people: Iterable[Person]) -> list[Step]:
        """Match or create everybody, then set managers in a second pass. Return the steps taken."""
        start = len(self.steps)
        scope = list(people)
        self.directory.update({person.objectId: person for person in scope})
        self.test_connection()
        for person in scope:
            self._attempt(self._match, person)
        self.managers_pass(scope)
        return self.steps[start:]

    def managers_pass(self, people: Iterable[Person] | None = None) -> list[Step]:
        """Send each person's manager, one PATCH a person; a manager out of scope is skipped."""
        start = len(self.steps)
        for person in list(people if people is not None else self.directory.values()):
            anchor, manager = self.anchors.get(person.objectId), self.anchors.get(person.manager or "")
            if anchor is None or manager is None or not self._maps_manager:
                continue
            held = documents.read(self._seen.get(person.objectId, {}), MANAGER)
            if manager_of(held) != manager:
                self._patch(person, anchor, {MANAGER: manager}, f"manager of {person.label}")
        return self.steps[start:]

    def incremental(self, changes: Iterable[Person]) -> list[Step]:
        """Send what differs for these people, given as they are now; the newcomers among them are created."""
        start = len(self.steps)
        changed = list(changes)
        self.directory.update({person.objectId: person for person in changed})
        for person in changed:
            self._attempt(self._update, person)
        self.managers_pass(changed)
        return self.steps[start:]

    def try_again(self) -> list[Step]:
        """Send what failed for the people in `failures`, as the next cycle does; deletions too."""
        start = len(self.steps)
        failed = list(self.failures.values())
        self.incremental(person for person in failed if person.objectId in self.directory)
        for person in failed:
            if person.objectId not in self.directory:
                self.delete(person)
        return self.steps[start:]

    def disable(self, person: Person) -> Person:
        """Disable the account, as for a leaver. Return the person as Entra now holds it."""
        gone = replace(self.directory.get(person.objectId, person), accountEnabled=False)
        self.incremental([gone])
        return gone

    def restore(self, person: Person) -> Person:
        """Enable or undelete the account. Return the person as Entra now holds it."""
        known = self.directory.get(person.objectId, person)
        back = replace(known, accountEnabled=True, isSoftDeleted=False)
        self.incremental([back])
        return back

    def delete(self, person: Person) -> None:
        """Purge the account: DELETE, and forget the person. 404 is as good as 204."""
        self.directory.pop(person.objectId, None)
        self._attempt(self._delete, person)
        if person.objectId not in self.failures:
            self.anchors.pop(person.objectId, None)
            self._seen.pop(person.objectId, None)

    def push_group(self, name: str, members: Iterable[Person] = ()) -> list[Step]:
        """Do what Entra does when group provisioning was left on. 501 is a clean refusal: not a problem."""
        start = len(self.steps)
        self._list("Groups", "displayName", name, f"look for group {name}")
        anchors = [self.anchors[person.objectId] for person in members if person.objectId in self.anchors]
        body = {
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:Group",
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
            ],
            "externalId": str(uuid4()),
            "displayName": name,
            "meta": {"resourceType": "Group"},
            "members": [{"value": anchor} for anchor in anchors],
        }
        self._session.exchange("POST", "Groups", f"create group {name}", body=body, expect=(201, 501))
        return self.steps[start:]

    # The provisioning of one person.

    @property
    def _maps_manager(self) -> bool:
        return any(row.target == MANAGER for row in self.mapping)

    def _attempt(self, way: Callable[[Person], None], person: Person) -> None:
        """Provision somebody in this way; they are among the failures for as long as it does not go well."""
        start = len(self.steps)
        way(person)
        if any(step.verdict in ("retry", "quarantine") for step in self.steps[start:]):
            self.failures[person.objectId] = person
        else:
            self.failures.pop(person.objectId, None)

    def _note(self, step: Step) -> None:
        self.job.count(step)
        if self._told is not None:
            self._told(step)

    def _delete(self, person: Person) -> None:
        if anchor := self.anchors.get(person.objectId):
            what = f"delete {person.label}"
            self._session.exchange("DELETE", f"Users/{quote(anchor, safe='')}", what, expect=(204, 404))

    def _match(self, person: Person) -> None:
        """Look a person up; link and update on one hit, create on none."""
        wanted = scim_values(person, self.mapping).get(self.matching)
        if not isinstance(wanted, str):
            return  # without a value of the matching attribute Entra leaves the person out
        answer = self._list("Users", self.matching, wanted, f"look for {person.label}")
        if not self.steps[-1].ok:
            return  # on the list of failures; tried again in a later cycle
        if found := found_in(answer):
            self._link(person, found[0])
            self._send_differences(person, found[0])
        elif person.active:
            self._create(person)

    def _create(self, person: Person) -> None:
        values = scim_values(person, self.mapping)
        answer = self._session.exchange(
            "POST",
            "Users",
            f"create {person.label}",
            body=documents.build(values),
            expect=(201,),
            check=lambda answer: echo_fault(answer.resource, values),
        )
        if answer.status == 201:
            self._link(person, answer.resource)

    def _update(self, person: Person) -> None:
        anchor = self.anchors.get(person.objectId)
        if anchor is None:
            return self._match(person)
        answer = self._get(person, anchor)
        if answer.status == 404:
            del self.anchors[person.objectId]
            return self._match(person)
        if answer.status == 200:
            self._send_differences(person, answer.resource)
        return None

    def _get(self, person: Person, anchor: str, *, check: Check | None = None) -> Answer:
        path = f"Users/{quote(anchor, safe='')}"
        return self._session.exchange("GET", path, f"read {person.label}", expect=(200, 404), check=check)

    def _send_differences(self, person: Person, held: Mapping[str, Any]) -> None:
        self._seen[person.objectId] = dict(held)
        values = scim_values(person, self.mapping)
        changes = {
            path: value for path, value in values.items() if not same(path, value, documents.read(held, path))
        }
        if changes:
            names = ", ".join(path.rpartition(":")[2] for path in changes)
            self._patch(person, self.anchors[person.objectId], changes, f"update {person.label}: {names}")

    def _patch(self, person: Person, anchor: str, changes: Mapping[str, Value], what: str) -> None:
        held = self._seen.get(person.objectId, {})
        answer = self._session.exchange(
            "PATCH",
            f"Users/{quote(anchor, safe='')}",
            what,
            body={"schemas": [PATCH_OP], "Operations": self._operations(held, changes)},
            expect=(200, 204),
            check=lambda answer: echo_fault(answer.resource, changes) if answer.status == 200 else "",
            is_reference=set(changes) == {MANAGER},
        )
        if answer.status == 204:
            answer = self._get(person, anchor, check=lambda read: echo_fault(read.resource, changes))
        if answer.status == 200:
            self._seen[person.objectId] = answer.resource

    def _operations(self, held: Mapping[str, Any], changes: Mapping[str, Value]) -> list[dict[str, Any]]:
        """Write the changes in the dialect of this application."""
        verbs = {path: "Replace" if documents.read(held, path) is not None else "Add" for path in changes}
        if not self.flag:
            return [
                {"op": verbs[path], "path": path, "value": str(value) if isinstance(value, bool) else value}
                for path, value in changes.items()
            ]
        apart = [path for path in changes if "[" in path or len(changes) == 1]
        operations: list[dict[str, Any]] = [
            {"op": verbs[path].lower(), "path": path, "value": changes[path]} for path in apart
        ]
        for verb in ("Add", "Replace"):
            merged = {path: changes[path] for path in changes if path not in apart and verbs[path] == verb}
            if merged:
                operations.append({"op": verb.lower(), "value": merged})
        return operations

    def _link(self, person: Person, resource: Mapping[str, Any]) -> None:
        anchor = resource.get("id")
        if isinstance(anchor, str) and anchor:
            self.anchors[person.objectId] = anchor
            self._seen[person.objectId] = dict(resource)

    def _list(self, endpoint: str, attribute: str, value: str, what: str, *, nobody: bool = False) -> Answer:
        def check(answer: Answer) -> str:
            return list_fault(answer, nobody=nobody, attribute=attribute, value=value)

        return self._session.exchange(
            "GET", endpoint, what, query=f"filter={_filter(attribute, value)}", check=check, essential=True
        )


def _filter(attribute: str, value: str) -> str:
    """Return the filter as Entra writes it into a URL: `+` for a space, %22 for a quotation mark."""
    return quote_plus(f"{attribute} eq {json.dumps(value, ensure_ascii=False)}", safe="[]@")
