"""Counting the calls of nobody we know, in a table that no flood can fill."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.db import Error, IntegrityError
from django.db.models import F
from django.utils import timezone

from scim_provisioning import databases
from scim_provisioning.events import redaction
from scim_provisioning.models import Stranger
from scim_provisioning.protocol.errors import SCIMError

logger = logging.getLogger("scim_provisioning.events")

#: Addresses that have a row of their own, for each mistake; the rest share one.
ADDRESSES: Final = 50
#: After so long without a call a row makes room for another.
FORGOTTEN: Final = timedelta(days=30)

#: The field that PostgreSQL and MariaDB can count to.
_MOST: Final = 2_000_000_000


def note(error: SCIMError, *, address: str, path: str) -> None:
    """Count a call that was refused before anybody had proved to be somebody: one update, or one insert and the
    looking for room. What is no mistake of a set-up is not counted. Never raises for the database's sake.
    """
    mistake = _mistake(error)
    if mistake is None:
        return
    path = redaction.text(path, 200)
    try:
        with databases.atomic():
            if not _counted(mistake, address, path):
                _count_anew(mistake, address, path)
    except Error:
        logger.exception("A call from an unknown caller could not be counted.")


def _mistake(error: SCIMError) -> Stranger.Mistake | None:
    if error.code == "path.unknown":
        return Stranger.Mistake.PATH
    if error.code != "auth.invalid":
        return None
    no_token = error.params.get("reason") == "no bearer token"
    return Stranger.Mistake.NO_TOKEN if no_token else Stranger.Mistake.TOKEN


def _counted(mistake: str, address: str, path: str) -> bool:
    row = Stranger.objects.filter(mistake=mistake, address=address, times__lt=_MOST)
    return bool(row.update(times=F("times") + 1, last_at=timezone.now(), path=path))


def _count_anew(mistake: str, address: str, path: str) -> None:
    """Make a row for the address or, where there are too many, count it with all the rest of them."""
    known = Stranger.objects.filter(mistake=mistake)
    known.filter(last_at__lt=timezone.now() - FORGOTTEN).delete()
    if known.count() >= ADDRESSES:
        address = ""
        if _counted(mistake, address, path):
            return
    try:
        with databases.atomic():
            Stranger.objects.create(mistake=mistake, address=address, path=path)
    except IntegrityError:
        # Another worker made it in the meantime.
        _counted(mistake, address, path)
