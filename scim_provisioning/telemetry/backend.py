"""Which back-end there is, and a wall around it: metrics are worth no request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache, wraps
from time import monotonic
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar

from django.utils.module_loading import import_string

from scim_provisioning.conf import app_settings
from scim_provisioning.telemetry.metrics import Answered, Figure, Metrics, Read

logger = logging.getLogger("scim_provisioning.telemetry")

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: Seconds between two lines about a back-end in trouble.
_COMPLAIN_EVERY: Final = 60.0
_NONE: Final = Metrics()


def current() -> Metrics:
    """The back-end that ``METRICS`` names; one that does nothing where it names none, or one that cannot be made."""
    path = app_settings.metrics
    return _NONE if path is None else _made(str(path))


def is_in_use() -> bool:
    """Whether there is a back-end that is told of anything."""
    return current() is not _NONE


def provide_figures(read: Read) -> None:
    """Say what reads the gauges, and make the back-end now: a process that has met no request is asked too."""
    _readers[:] = [read]
    current()


def read_figures() -> list[Figure]:
    """The gauges, as they are in the database now."""
    return [figure for read in _readers for figure in read()]


def spanned(name: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorator: a span of that name around every call."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def traced(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            backend = current()
            if backend is _NONE:
                return function(*args, **kwargs)
            with backend.span(name):
                return function(*args, **kwargs)

        return traced

    return decorate


#: What reads the gauges; set when Django is ready.
_readers: Final[list[Read]] = []


@lru_cache(maxsize=8)
def _made(path: str) -> Metrics:
    try:
        made = import_string(path)()
        if not isinstance(made, Metrics):
            raise TypeError(f"{path} is not a subclass of scim_provisioning.telemetry.Metrics")  # noqa: TRY301
        made.provide_figures(read_figures)
    except Exception:
        # A check says so too. Whatever an import of the host's module may raise.
        logger.exception("METRICS cannot be used; nothing is counted.")
        return _NONE
    return _Guarded(made)


class _Guarded(Metrics):
    """Another back-end, whose trouble stays its own."""

    def __init__(self, inner: Metrics) -> None:
        self._inner = inner
        self._complained_at = -_COMPLAIN_EVERY

    def answered(self, answer: Answered) -> None:
        self.tried(self._inner.answered, answer)

    def operation(self, *, action: str, result: str) -> None:
        self.tried(self._inner.operation, action=action, result=result)

    def authentication_failed(self, *, reason: str) -> None:
        self.tried(self._inner.authentication_failed, reason=reason)

    def span(self, name: str, *, traceparent: str = "") -> AbstractContextManager[object]:
        return _GuardedSpan(self, lambda: self._inner.span(name, traceparent=traceparent))

    def traceparent(self) -> str:
        return self.tried(self._inner.traceparent) or ""

    def tried(self, method: Callable[..., _R], *args: Any, **kwargs: Any) -> _R | None:
        try:
            return method(*args, **kwargs)
        except Exception:
            self._complain()
            return None

    def _complain(self) -> None:
        if monotonic() - self._complained_at >= _COMPLAIN_EVERY:
            self._complained_at = monotonic()
            logger.exception("The metrics back-end failed; this is said once a minute.")


class _GuardedSpan:
    """A span of another back-end. What goes wrong with it is not what goes wrong inside it."""

    def __init__(self, guard: _Guarded, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._guard, self._make = guard, make
        self._span: AbstractContextManager[object] | None = None

    def __enter__(self) -> object:
        def enter() -> AbstractContextManager[object]:
            span = self._make()
            span.__enter__()
            return span

        self._span = self._guard.tried(enter)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._span is not None:
            # It is not told of the error, whose words may be a person's, and cannot swallow it.
            self._guard.tried(self._span.__exit__, None, None, None)
