"""How much is done for one connection, and for one address that nobody knows; counted in the host's cache."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any, Final

from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from scim_provisioning import tokens
from scim_provisioning.conf import app_settings
from scim_provisioning.http import pace
from scim_provisioning.http.address import client_address
from scim_provisioning.http.counting import counted, key_of, known
from scim_provisioning.http.slots import Taken, slot
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.protocol.errors import TooManyRequests

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MINUTE: Final = 60
#: Seconds after which one operation of a bulk request is over in any case: web servers kill whoever takes longer.
_LONGEST_OPERATION: Final = 60
#: For how long at least a token that was let in is known to be a good one. It is noted once in such a time and kept for
#: two of them, so that whoever calls without a pause is known without a pause.
_GOOD_FOR: Final = 86_400
#: So many requests a second of one token that is not let in are told why.
_REFUSED: Final = 20
#: So many people on a page take a worker for as long as one request more.
_PEOPLE_A_READ: Final = 10
#: So many comparisons of what ``attributes`` has in brackets take as long again.
_COMPARISONS_A_READ: Final = 1000
#: Seconds that a look-up by what no index serves may take to be none of the searches that run one at a time: more than
#: one takes among 40,000 people without an index while eight are looked up at once, as Entra does in its first cycle.
SLOW: Final = 0.5
#: Statements of one search, and the seconds that are left for what it reads beside them.
_STATEMENTS: Final = 2
_BESIDE: Final = 10


class ConnectionThrottle(BaseThrottle):
    """A steady pace per connection, reads and writes apart (``THROTTLE``; ``http.pace`` says what that is).

    With a cache that all workers share the pace holds for all of them, else for each one.
    """

    _wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        token: SCIMToken = request.auth  # type: ignore[assignment]
        self._wait = seconds_to_wait(token, request.method or "GET")
        return not self._wait

    def wait(self) -> float:
        return float(self._wait)


def seconds_to_wait(token: SCIMToken, method: str) -> int:
    """Count one request of that method, and return 0; or, where the connection has to wait for it, count nothing and
    return for how many seconds."""
    kind = "reads" if method in _READS else "writes"
    return pace.wait(_paced(token, kind), app_settings.throttle[kind], time.time())


def seconds_to_wait_refused(token: SCIMToken, method: str) -> int:
    """The same for a token that is dead, or not to be used from there: whoever holds it uses up nothing of what the
    connection's other tokens may do."""
    kind = "reads" if method in _READS else "writes"
    name = f"{token.connection_id}\n{token.pk} refused"
    return pace.wait(name, min(app_settings.throttle[kind], _REFUSED), time.time())


def spend_page(token: SCIMToken, people: int, comparisons: int) -> None:
    """Count a page by its size, and by what was compared to leave parts of it out: it costs as much as several requests
    for one person. A look-up costs nothing more."""
    more = people // _PEOPLE_A_READ + comparisons // _COMPARISONS_A_READ
    if more:
        pace.spend(_paced(token, "reads"), more, time.time())


def spend_writes(token: SCIMToken, amount: int) -> None:
    """Count so many writes that are made in any case."""
    pace.spend(_paced(token, "writes"), amount, time.time())


def _paced(token: SCIMToken, kind: str) -> str:
    return f"{token.connection_id}\n{kind}"


@contextmanager
def many_operations(connection: SCIMConnection) -> Iterator[Callable[[], None]]:
    """Let a connection have no more bulk requests running at once than ``bulks_at_once`` says: each holds a worker for
    as long as a hundred requests take. Raises ``TooManyRequests``.

    Yields what is to be called before each operation: a worker that was killed is waited for no longer than for one.
    """
    most = app_settings.limits.bulks_at_once
    try:
        with slot("bulk", connection.pk, of=most, seconds=_LONGEST_OPERATION) as goes_on:
            yield goes_on
    except Taken as taken:
        raise TooManyRequests(
            f"This connection has a bulk request running already, and may have {most} at once. Ask again in a second.",
            code="bulk.at_once",
            params={"limit": most},
            headers={"Retry-After": "1"},
        ) from taken


@contextmanager
def search_among_everybody(connection: SCIMConnection) -> Iterator[None]:
    """Let a connection search among everybody no more often at once than ``searches_at_once`` says: each search holds a
    worker for as long as it takes. Raises ``TooManyRequests``."""
    limits = app_settings.limits
    seconds = _STATEMENTS * limits.search_seconds + _BESIDE
    try:
        with slot("search", connection.pk, of=limits.searches_at_once, seconds=seconds):
            yield
    except Taken as taken:
        raise TooManyRequests(
            f"This connection is searching among everybody already, and may do so {limits.searches_at_once} at once. "
            "Ask again in a second, or look people up by userName, externalId or id.",
            code="search.at_once",
            params={"limit": limits.searches_at_once},
            headers={"Retry-After": "1"},
        ) from taken


@contextmanager
def look_up_among_everybody(connection: SCIMConnection) -> Iterator[None]:
    """Let a connection look people up by what no index serves as often at once as it likes, while that is quick: what
    such a look-up costs grows with what the people hold. One that took long makes them searches, for a minute."""
    slow = key_of("slow", connection.pk)
    around = search_among_everybody(connection) if known(slow) else nullcontext()
    with around:
        began = time.monotonic()
        try:
            yield
        finally:
            if time.monotonic() - began > SLOW:
                counted(slow, seconds=_MINUTE)


class StrangerThrottle(BaseThrottle):
    """Calls that carry no proof of who makes them, counted by address as failed authentications are."""

    def allow_request(self, request: Request, view: Any) -> bool:
        return Failures(client_address(request._request)).note() <= app_settings.throttle["failures"]

    def wait(self) -> float:
        return float(_MINUTE)


class Failures:
    """The failed authentications of one address (of one IPv6 network, which is what one customer has).

    Identity providers share their addresses: a stranger's flood from there must not shut out a customer's token.
    So a token that was let in within a day passes, and of those that are not known one a second does too: which never
    is a text that is no token, nor one that has failed within the minute. ``docs/security.md`` says why none is
    judged by its public part.
    """

    def __init__(self, address: str) -> None:
        self._network = _network(address)
        self._key = key_of("failures", self._network, int(time.time()) // _MINUTE)

    def refuse_flood(self, plaintext: str) -> bool:
        """Whether it is noted for today that the token is a good one; if not, it is to be noted once it is let in.
        Raises ``TooManyRequests`` before anything is looked up."""
        token = _TokenKeys(plaintext)
        if known(token.good):
            # Nearly every request's: nothing else has to be asked.
            return True
        found = known(self._key, token.good_before)
        is_good = token.good_before in found
        is_flood = found.get(self._key, 0) >= app_settings.throttle["failures"]
        if is_flood and not is_good and not (self._may_be_good(plaintext, token.bad) and self._is_next()):
            raise TooManyRequests(
                "Too many requests from this address could not be authenticated.",
                headers={"Retry-After": str(_MINUTE)},
            )
        return False

    @staticmethod
    def _may_be_good(plaintext: str, bad: str) -> bool:
        """Whether a token could be one of ours, as far as that is known without looking it up. ``bad``: under which key
        it is known to be none."""
        return not known(bad) and tokens.is_well_formed(plaintext)

    def _is_next(self) -> bool:
        trickle = key_of("trickle", self._network, int(time.time()))
        return counted(trickle, seconds=5) <= 1

    def note(self, plaintext: str = "") -> int:
        """Count one, and return how many there are in this minute."""
        if tokens.is_well_formed(plaintext):
            counted(_TokenKeys(plaintext).bad, seconds=_MINUTE)
        return counted(self._key, seconds=2 * _MINUTE)


def remember(plaintext: str) -> None:
    """Note that a token was let in."""
    counted(_TokenKeys(plaintext).good, seconds=2 * _GOOD_FOR)


class _TokenKeys:
    """Under which a token is known to be good, noted today or yesterday (``good_before``), and to be bad. The token
    cannot be told from them."""

    def __init__(self, plaintext: str) -> None:
        self._digest = salted_hmac("scim_provisioning.tokens", plaintext, algorithm="sha256").hexdigest()
        self._day = int(time.time()) // _GOOD_FOR

    @property
    def good(self) -> str:
        return key_of("good", self._digest, self._day)

    @property
    def good_before(self) -> str:
        return key_of("good", self._digest, self._day - 1)

    @property
    def bad(self) -> str:
        return key_of("bad", self._digest)


@lru_cache(maxsize=1024)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
