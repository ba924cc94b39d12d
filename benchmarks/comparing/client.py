"""One client with one connection that is kept, and where each thing is asked for: as SCIM, or of a floor's views."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

MEDIA_TYPE = "application/scim+json"
_TIMEOUT = 120

Body = Mapping[str, Any]


class Unexpected(Exception):
    """An answer that makes the measurement worthless."""


class Client:
    """Requests with one token over one connection, which the server must keep."""

    def __init__(self, port: int, token: str) -> None:
        #: How many requests were sent.
        self.asked = 0
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": MEDIA_TYPE,
            "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
        }

    def ask(self, method: str, path: str, body: Body | None = None, *, status: int = 200) -> Any:
        """The answer's JSON. Raises ``Unexpected`` for another status."""
        raw = None if body is None else json.dumps(body).encode()
        self.asked += 1
        self._connection.request(method, path, raw, self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != status:
            raise Unexpected(f"{method} {path}: {answer.status} {said[:500].decode(errors='replace')}")
        return json.loads(said)

    def close(self) -> None:
        self._connection.close()


class Addresses(Protocol):
    """Where things are asked for."""

    def look_up(self, attribute: str, value: str) -> str: ...

    def one(self, scim_id: str) -> str: ...

    def change(self, scim_id: str) -> str: ...

    def create(self) -> str: ...

    def page(self, start: int, count: int) -> str: ...

    def page_after(self, cursor: str, count: int) -> str: ...


class SCIM:
    """A SCIM server's addresses below ``root``."""

    def __init__(self, root: str = "/scim/v2") -> None:
        self._users = f"{root}/Users"

    def look_up(self, attribute: str, value: str) -> str:
        return f"{self._users}?filter=" + quote(f'{attribute} eq "{value}"')

    def one(self, scim_id: str) -> str:
        return f"{self._users}/{scim_id}"

    def change(self, scim_id: str) -> str:
        return self.one(scim_id)

    def create(self) -> str:
        return self._users

    def page(self, start: int, count: int) -> str:
        return f"{self._users}?startIndex={start}&count={count}"

    def page_after(self, cursor: str, count: int) -> str:
        return f"{self._users}?cursor={quote(cursor)}&count={count}"


class Plain:
    """The floors' addresses, a view an operation."""

    _VIEWS = {"userName": "userName", "externalId": "externalId", 'emails[type eq "work"].value': "email"}

    def look_up(self, attribute: str, value: str) -> str:
        return f"/people/by/{self._VIEWS[attribute]}?value={quote(value)}"

    def one(self, scim_id: str) -> str:
        return f"/people/{scim_id}"

    def change(self, scim_id: str) -> str:
        return f"/people/{scim_id}/change"

    def create(self) -> str:
        return "/people/create"

    def page(self, start: int, count: int) -> str:
        return f"/people/page?startIndex={start}&count={count}"

    def page_after(self, cursor: str, count: int) -> str:
        raise NotImplementedError("A floor has no cursors.")
