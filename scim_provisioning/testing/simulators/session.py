"""The requests of one identity provider against one Tenant URL: sent, judged, recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from scim_provisioning.testing.simulators.exchange import Answer, Send, Step, over_http
from scim_provisioning.testing.simulators.judging import verdict_on

Check = Callable[[Answer], str]
"""Reads an answer that has the right status; returns what is wrong with it, "" if nothing is."""


class Session:
    """Sends requests and keeps a Step of each.

    base_url: with or without a trailing slash. A query at its end travels with every request, because that is
    what becomes of the flag that an administrator types after the Tenant URL.
    send: how to reach the server; None is real HTTP.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        send: Send | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        url = urlsplit(base_url)
        self._query = url.query
        self._base = url._replace(query="", fragment="").geturl().rstrip("/")
        self._headers = dict(headers)
        self._send = send or over_http
        self._on_step = on_step
        self.steps: list[Step] = []

    def exchange(
        self,
        method: str,
        path: str,
        what: str,
        *,
        query: str = "",
        body: Mapping[str, Any] | None = None,
        expect: tuple[int, ...] = (200,),
        check: Check | None = None,
        essential: bool = False,
        is_reference: bool = False,
    ) -> Answer:
        """Send one request to `path` under the Tenant URL and record the Step.

        `expect` are the statuses that are no problem. `essential` requests are those that a working endpoint
        answers whatever is in its directory: a 404 there is a fault of the endpoint. `is_reference`: see `Step`.
        """
        whole_query = "&".join(part for part in (self._query, query) if part)
        url = f"{self._base}/{path}" + (f"?{whole_query}" if whole_query else "")
        raw = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        started = time.perf_counter()
        answer = self._send(method, url, self._headers, raw)
        elapsed = (time.perf_counter() - started) * 1000
        detail, verdict = verdict_on(answer, expect, essential=essential)
        if not detail and check is not None and 200 <= answer.status < 300:
            detail = check(answer)
            verdict = "resend" if detail else ""
        facts = (detail, verdict, body, answer.json(), is_reference)
        step = Step(method, url, answer.status, elapsed, what, not detail, *facts)
        self.steps.append(step)
        if self._on_step is not None:
            self._on_step(step)
        return answer


class Simulator:
    """What every simulated identity provider has: its session, and the record of it."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        send: Send | None,
        on_step: Callable[[Step], None] | None,
    ) -> None:
        self._session = Session(base_url, headers, send, on_step)

    @property
    def steps(self) -> list[Step]:
        """Every request so far, with its answer."""
        return self._session.steps

    @property
    def problems(self) -> list[Step]:
        """The steps that went wrong."""
        return [step for step in self.steps if not step.ok]
