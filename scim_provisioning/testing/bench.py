"""What every test of the contract works with: a customer, a client, people, and the host's rows read afresh."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from scim_provisioning import tokens
from scim_provisioning.adapters import LearnerAdapter, MappedAttribute
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.conf import app_settings, tenant_url
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.constants import CORE_USER, MEDIA_TYPE, PATCH_OP
from scim_provisioning.protocol.resources import Document
from scim_provisioning.testing.mapped import Mapped, columns_of, lines_of, same_value
from scim_provisioning.testing.samples import Samples, sample
from scim_provisioning.testing.sending import send_through
from scim_provisioning.testing.simulators import Answer, Send

Operation = dict[str, Any]


def expect(holds: object, broke: str, todo: str = "") -> None:
    """Fail the test with what broke and what to do, unless it holds."""
    __tracebackhide__ = True
    if not holds:
        raise AssertionError(f"{broke}\n{todo}".rstrip())


def _user_name(number: int) -> str:
    return f"person{number}@scim.invalid"


def replace(path: str, value: Any) -> Operation:
    """One PATCH operation that sets a value."""
    return {"op": "replace", "path": path, "value": value}


class Caller:
    """One customer's identity provider: a token, and requests to paths below the Tenant URL."""

    def __init__(self, send: Send, token: str) -> None:
        self.send, self.token = send, token

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        """Send one request; ``path`` is ``Users`` or ``Users/<id>``, with its query."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": MEDIA_TYPE,
            "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
        }
        raw = None if body is None else json.dumps(body).encode()
        return self.send(method, f"{tenant_url()}/{path}", headers, raw)

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def patch(self, scim_id: str, *operations: Operation) -> Answer:
        return self.request("PATCH", f"Users/{scim_id}", {"schemas": [PATCH_OP], "Operations": operations})

    def put(self, scim_id: str, body: Document) -> Answer:
        return self.request("PUT", f"Users/{scim_id}", body)

    def delete(self, scim_id: str) -> Answer:
        return self.request("DELETE", f"Users/{scim_id}")


class Bench:
    """What a host answers about itself, and the tools of all topics."""

    #: Values that your columns take, by SCIM path: lists of two or more, or functions of a person's number.
    samples: ClassVar[Samples] = {}
    #: The mapping of the customer that make_connection returns; only where mapping_for differs from customer to
    #: customer.
    mapping: ClassVar[Sequence[MappedAttribute] | None] = None
    #: True: this application has one customer for good, and nothing is said about keeping customers apart.
    single_customer: ClassVar[bool] = False

    #: By the name of a test's argument: what the test runs for. Found in the mapping.
    subjects: ClassVar[Mapping[str, Sequence[Any]]] = {}

    connection: SCIMConnection
    scim: Caller
    _other: Caller | None = None

    # --- what a host answers

    def make_connection(self) -> SCIMConnection:
        """A connection of a customer of yours, single sign-on switched on; asked anew for each test."""
        if app_settings.sso_model is None:
            return SCIMConnection.objects.create(name="Adapter contract")
        name = type(self).__name__
        raise AssertionError(
            f"Write {name}.make_connection(self): make a customer and its {app_settings.sso_model} with single "
            "sign-on switched on, and return SCIMConnection.objects.create(name=…, "
            f"sso_key=str(row.{app_settings.sso_key_field}))."
        )

    def make_other_connection(self) -> SCIMConnection:
        """The same for a second customer."""
        raise AssertionError(
            f"Write {type(self).__name__}.make_other_connection(self): the same as make_connection for a second "
            "customer; without it nothing is known about whether your customers are kept apart. If your "
            "application has one customer for good, say single_customer = True."
        )

    def has_access(self, account: Any) -> bool | None:
        """Whether this account may use your application now, by your own rules; None: the switch alone counts."""
        return None

    def protect(self, account: Any, how: str) -> None:
        """Make an account one that provisioning must not touch; ``how`` is ``is_staff`` or ``is_superuser``."""
        type(account)._base_manager.filter(pk=account.pk).update(**{how: True})

    # --- customers and people

    def set_up(self) -> None:
        self.connection = self.make_connection()
        self.scim = self.caller(self.connection)

    def caller(self, connection: SCIMConnection) -> Caller:
        """The identity provider of a connection, with a token of its own."""
        try:
            _row, plaintext = tokens.issue(connection, label="Adapter contract")
        except tokens.TokenRefused as refusal:
            raise AssertionError(f"The connection is not served: {refusal.message}") from refusal
        # Never the https redirect of a host: the Tenant URL decides about the scheme.
        return Caller(send_through(Client(enforce_csrf_checks=True)), plaintext)

    @property
    def other(self) -> Caller:
        """The identity provider of the second customer."""
        if self._other is None:
            self._other = self.caller(self.make_other_connection())
        return self._other

    @property
    def adapter_class(self) -> type[LearnerAdapter]:
        return get_adapter_class()

    @property
    def lines(self) -> list[Mapped]:
        """The lines of this customer's mapping, the manager apart."""
        lines = lines_of(self.adapter_class.compiled(self.connection))
        return [line for line in lines if not line.is_manager]

    @property
    def first_lines(self) -> list[Mapped]:
        """One line for each field: where several feed one, the first."""
        return [line for line in self.lines if line.path == line.shown_at]

    def sample(self, line: Mapped, number: int) -> Any:
        """A value for person ``number``."""
        return sample(line, number, self.samples)

    def user_name(self, number: int) -> str:
        """The userName of person ``number``; ``samples["userName"]`` may be a function of the number."""
        given = self.samples.get("userName", _user_name)
        return str(given(number) if callable(given) else given[number % len(given)])

    def body(self, number: int, *lines: Mapped, **more: Any) -> Document:
        """A person with what is required, and with a value for each of ``lines``."""
        document: Document = {
            "schemas": [CORE_USER],
            "userName": self.user_name(number),
            "active": True,
            **more,
        }
        # By path: the mapping may have been compiled again since the test was made.
        named = {line.path for line in lines}
        for line in self.lines:
            if line.path in named or (line.is_demanded and line.path == line.shown_at):
                line.put(document, self.sample(line, number))
        return document

    def full_body(self, number: int, **more: Any) -> Document:
        """A person with a value for every field of the mapping."""
        return self.body(number, *self.first_lines, **more)

    # --- asking over HTTP

    def create(self, body: Document, scim: Caller | None = None) -> Document:
        """POST; the resource as it was answered. Fails with the log's words when it was refused."""
        __tracebackhide__ = True
        answer = (scim or self.scim).request("POST", "Users", body)
        return self.answered(answer, 201, "A new person is refused", sent=body)

    def read(self, scim_id: str) -> Document:
        __tracebackhide__ = True
        return self.answered(self.scim.get(f"Users/{scim_id}"), 200, "A person cannot be read")

    def patch(self, scim_id: str, *operations: Operation) -> Document:
        """PATCH; the resource as it stands afterwards."""
        __tracebackhide__ = True
        answer = self.scim.patch(scim_id, *operations)
        return self.answered(answer, 200, "A PATCH is refused", sent=operations)

    def put(self, scim_id: str, body: Document) -> Document:
        __tracebackhide__ = True
        return self.answered(self.scim.put(scim_id, body), 200, "A PUT is refused", sent=body)

    def delete(self, scim_id: str) -> None:
        __tracebackhide__ = True
        self.answered(self.scim.delete(scim_id), 204, "A DELETE is refused")

    def answered(self, answer: Answer, status: int, broke: str, sent: object = None) -> Document:
        """The resource of an answer that has this status. Fails with what the log knows about the refusal."""
        __tracebackhide__ = True
        if answer.status != status:
            said = [f"{broke}: {answer.status} where {status} was due. {answer.resource.get('detail', '')}"]
            event = ProvisioningEvent.objects.filter(request_id=answer.headers.get("x-request-id")).last()
            if event is not None:
                said.append(f"The log has it as {event.error_code}: {event.cause}")
            if sent is not None:
                said.append(f"Sent: {json.dumps(sent, default=str)}")
            raise AssertionError("\n".join(said))
        return answer.resource

    # --- looking into the host

    def adapter_of(self, scim_id: str, *, alone: bool = False) -> LearnerAdapter:
        """The adapter of a person, every row read from the database now. ``alone``: without what was sent, so that
        ``read()`` answers from the host's rows only."""
        links = list(self.adapter_class.links(self.connection).filter(scim_id=scim_id))
        expect(links, "The person's link or account is gone from the database.")
        if alone:
            links[0].document, links[0].search = {}, {}
        return self.adapter_class.for_links(links, self.connection)[0]

    def held(self, line: Mapped, scim_id: str) -> Any:
        """What the host's rows alone say about a line."""
        adapter = self.adapter_of(scim_id, alone=True)
        return line.names(adapter) if line.is_relation else line.read(adapter.read(), line.shown_at)

    def rows_hold(self, scim_id: str, number: int) -> None:
        """Every field has the value of person ``number``."""
        __tracebackhide__ = True
        for line in self.first_lines:
            held, sent = self.held(line, scim_id), self.sample(line, number)
            expect(same_value(sent, held), f"{line} is {held!r} in the row, sent was {sent!r}.")

    def snapshot(self, scim_id: str) -> Document:
        """All that the host holds of a person: to see that nothing changed."""
        adapter = self.adapter_of(scim_id, alone=True)
        related = {str(line): line.names(adapter) for line in self.lines if line.is_relation}
        return {"rows": columns_of(adapter), "means": adapter.read(), "related": related}

    def account_of(self, scim_id: str) -> Any:
        """The account behind a person, deleted ones too, read from the database now."""
        link = ProvisionedUser.objects.get(scim_id=scim_id)
        account = get_user_model()._base_manager.filter(pk=link.user_id or 0).first()
        expect(account, "The account behind the person is gone: DELETE switches off, it deletes nobody.")
        return account

    def number_of_accounts(self) -> int:
        return int(get_user_model()._base_manager.count())

    def number_of_events(self) -> int:
        return ProvisioningEvent.objects.count()

    @contextmanager
    def replaced(self, hooks: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
        """Put other functions in the place of methods of the adapter class; each is given the original first."""
        with ExitStack() as stack:
            for name, function in hooks.items():
                original = getattr(self.adapter_class, name)

                def method(
                    adapter: Any, *args: Any, _do: Any = function, _old: Any = original, **named: Any
                ) -> Any:
                    return _do(_old, adapter, *args, **named)

                stack.enter_context(patch.object(self.adapter_class, name, method))
            yield


def settings_for_tests() -> dict[str, Any]:
    """The host's settings, with a Tenant URL where it has none outside DEBUG, and without throttling."""
    mine: dict[str, Any] = {"SITE_URL": "https://scim.invalid", **settings.SCIM_PROVISIONING}
    return {**mine, "THROTTLE": {"reads": 1_000_000, "writes": 1_000_000}}
