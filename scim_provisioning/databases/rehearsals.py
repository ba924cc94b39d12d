"""A rehearsal: everything is done as if in earnest, and taken back as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

from scim_provisioning.databases.routing import alias, atomic

_rehearses: ContextVar[bool] = ContextVar("scim_provisioning_rehearses", default=False)


@contextmanager
def rehearsed() -> Iterator[None]:
    """A transaction that is rolled back at its end. What no rollback takes back asks ``is_rehearsal`` first."""
    with atomic():
        before = _rehearses.set(True)
        try:
            yield
        finally:
            _rehearses.reset(before)
        transaction.set_rollback(True, using=alias())


def is_rehearsal() -> bool:
    """Whether what is done now will be taken back."""
    return _rehearses.get()
