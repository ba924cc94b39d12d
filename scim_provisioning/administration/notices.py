"""What a connection's contacts are told by mail: a token ends or lies unused, requests fail or stay away, somebody
protected is to be changed, seats become scarce.

``due`` is asked as often as cron likes; ``SentNotice`` remembers what was mailed, so each occasion is mailed
once. A connection gets one mail a day at most, with everything that is due.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core.mail import EmailMessage
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning import databases, moments
from scim_provisioning.administration import (
    disconnection,
    disconnection_words,
    health,
    links_to_pages,
    renames,
    seats,
    times,
    unit_list,
)
from scim_provisioning.administration.adoption import queue
from scim_provisioning.events import pseudonyms, reports
from scim_provisioning.models import ProvisioningEvent, SCIMConnection, SCIMToken, SentNotice
from scim_provisioning.protocol.spelling import seen

logger = logging.getLogger("scim_provisioning")

#: Days before a token's end at which its contacts are told; the last one is the day itself.
EXPIRY_DAYS: Final = (60, 30, 14, 7, 1, 0)
UNUSED_DAYS: Final = 30
FAILING: Final = timedelta(hours=2)
#: After so long somebody is told of people who wait for an answer. Its sentence names the days.
WAITED: Final = timedelta(days=3)

#: How far back, and how many refusals, are looked at for people whose accounts are protected.
PROTECTED_SINCE: Final = timedelta(days=1)
PROTECTED_MOST: Final = 1000
_PROTECTED: Final = ("user.protected", "user.last_administrator")

#: Below so many of a hundred taken seats the next notice is another one: whoever comes and goes makes no mails.
_ENOUGH_PERCENT: Final = 85

#: So many new units are named.
_NAMED: Final = 5
_DIGEST: Final = "digest"
_FAILING_SINCE: Final = "failing_since"
#: Somebody protected is to be changed. Remembered by a keyed hash of their userName.
_OF_A_PERSON: Final = "protected"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. ``kind`` and ``key`` together name the occasion, which is told once."""

    kind: str
    key: str
    sentence: str


def due(connection: SCIMConnection, state: health.Health) -> list[Notice]:
    """What there is to tell and was not told yet, whoever is told."""
    if connection.is_archived:
        notices = [*_left(connection)]
    else:
        notices = [*_expiring(connection), *_unused(connection), *_protected(connection)]
        if not connection.is_paused:
            notices += [
                *_failing(connection, state),
                *_quiet(state),
                *_new_units(connection),
                *(Notice("rename", *told) for told in renames.to_tell(connection)),
                *_waiting(connection),
                *_seats(connection),
            ]
    told = set(
        SentNotice.objects.filter(
            connection=connection, kind__in={n.kind for n in notices}, key__in={n.key for n in notices}
        ).values_list("kind", "key")
    )
    return [notice for notice in notices if (notice.kind, notice.key) not in told]


def send(connection: SCIMConnection, notices: list[Notice]) -> bool:
    """Mail them to the contacts, one mail each, and remember it. False when today's mail went out before.

    Raises whatever the mail back-end raised, when not one contact could be told: nothing is remembered then,
    and the next run tries again.
    """
    if not (notices and connection.contacts) or not _claim(connection, notices):
        return False
    subject = ngettext(
        "SCIM provisioning of %(connection)s: %(n)d notice",
        "SCIM provisioning of %(connection)s: %(n)d notices",
        len(notices),
    ) % {"connection": connection, "n": len(notices)}
    failure: Exception | None = None
    told = 0
    for contact in connection.contacts:
        try:
            EmailMessage(
                subject=" ".join(subject.split()), body=_body(connection, notices), to=[contact]
            ).send()
            told += 1
        except Exception as error:
            # Whatever a mail back-end may raise; the next contact may be reachable.
            message = "A contact of connection %s could not be told."
            reports.failure(logger, message, connection.pk, exception=error, sent=contact)
            failure = error
    if failure is not None and not told:
        _release(connection, notices)
        raise failure
    return True


def about(connection: SCIMConnection, names: Iterable[str]) -> QuerySet[SentNotice]:
    """What is remembered of mails about a person; ``names``: the keys of their userNames."""
    keys = {key for name in names for key in pseudonyms.known_as(connection.pk, name)}
    return SentNotice.objects.filter(connection=connection, kind=_OF_A_PERSON, key__in=keys)


def _claim(connection: SCIMConnection, notices: list[Notice]) -> bool:
    """Remember the mail before it is sent, so that of two commands at once only one sends it."""
    today = Notice(_DIGEST, str(moments.today()), "")
    try:
        with databases.atomic():
            for notice in (today, *notices):
                SentNotice.objects.create(connection=connection, kind=notice.kind, key=notice.key)
    except IntegrityError:
        return False
    return True


def _release(connection: SCIMConnection, notices: list[Notice]) -> None:
    for kind, key in [(_DIGEST, str(moments.today())), *((n.kind, n.key) for n in notices)]:
        SentNotice.objects.filter(connection=connection, kind=kind, key=key).delete()


def _body(connection: SCIMConnection, notices: list[Notice]) -> str:
    lines = [f"• {notice.sentence}" for notice in notices]
    if url := links_to_pages.change(connection):
        lines += ["", url]
    return "\n".join(lines) + "\n"


# --- the occasions ------------------------------------------------------------------------------------------------


def _expiring(connection: SCIMConnection) -> Iterator[Notice]:
    now = timezone.now()
    tokens = SCIMToken.objects.filter(
        connection=connection,
        revoked_at__isnull=True,
        expires_at__gt=now - timedelta(days=1),
        expires_at__lt=now + timedelta(days=EXPIRY_DAYS[0] + 1),
    )
    for token in tokens.order_by("expires_at", "pk"):
        if token.expires_at is None or _is_replaced(token):
            continue
        days = max((token.expires_at - now).days, 0)
        threshold = min(threshold for threshold in EXPIRY_DAYS if days <= threshold)
        names = {"token": token, "day": times.written(token.expires_at)}
        if token.is_expired:
            text = _("Token “%(token)s” expired on %(day)s: every request with it is refused.")
        elif threshold == 0:
            text = _("Token “%(token)s” ends today, on %(day)s. Rotate it now.")
        else:
            text = _("Token “%(token)s” ends on %(day)s. Rotate it before that day.")
        yield Notice("expiry", f"{token.pk}:{threshold}", text % names)


def _is_replaced(token: SCIMToken) -> bool:
    """Whether another token of the connection, already in use, outlives this one."""
    others = SCIMToken.objects.filter(connection=token.connection_id).live().exclude(pk=token.pk)
    used = others.filter(first_used_at__isnull=False)
    return any(
        other.expires_at is None or (token.expires_at is not None and other.expires_at > token.expires_at)
        for other in used
    )


def _unused(connection: SCIMConnection) -> Iterator[Notice]:
    before = timezone.now() - timedelta(days=UNUSED_DAYS)
    idle = SCIMToken.objects.live().filter(
        connection=connection, first_used_at__isnull=True, created_at__lte=before
    )
    for token in idle.order_by("pk"):
        text = _("Token “%(token)s” was generated on %(day)s and never used. Revoke it if nobody needs it.")
        names = {"token": token, "day": times.written(token.created_at)}
        yield Notice("unused", str(token.pk), text % names)


def _protected(connection: SCIMConnection) -> Iterator[Notice]:
    """Told once for each person whom the identity provider asks to change, however often it asks."""
    asked = ProvisioningEvent.objects.filter(
        connection=connection, error_code__in=_PROTECTED, created_at__gt=timezone.now() - PROTECTED_SINCE
    )
    names = dict(asked.order_by("-pk").values_list("user_name_key", "user_name")[:PROTECTED_MOST])
    for key, name in names.items():
        text = _(
            "The identity provider asked to change “%(name)s”, whose account is protected. Nothing was changed."
        )
        yield Notice(_OF_A_PERSON, pseudonyms.of(connection.pk, key), text % {"name": name})


def _failing(connection: SCIMConnection, state: health.Health) -> Iterator[Notice]:
    """Told once it has lasted for two hours, by what earlier runs of the command saw."""
    seen = SentNotice.objects.filter(connection=connection, kind=_FAILING_SINCE)
    if state.badge != health.FAILING:
        seen.delete()
        return
    since, _made = SentNotice.objects.get_or_create(connection=connection, kind=_FAILING_SINCE, key="now")
    if timezone.now() - since.sent_at >= FAILING:
        yield Notice(
            "failing",
            f"{since.sent_at:%Y-%m-%dT%H:%M:%S}",
            _("Failing: %(sentence)s") % {"sentence": state.sentence},
        )


def _quiet(state: health.Health) -> Iterator[Notice]:
    if state.badge == health.QUIET and state.facts.last_request_at is not None:
        key = f"{state.facts.last_request_at:%Y-%m-%dT%H:%M}"
        yield Notice("quiet", key, _("Quiet: %(sentence)s") % {"sentence": state.sentence})


def _new_units(connection: SCIMConnection) -> Iterator[Notice]:
    """What came since it was told last: a mistyped company is seen the same day."""
    last = SentNotice.objects.filter(connection=connection, kind="units").order_by("-sent_at").first()
    week_ago = timezone.now() - unit_list.NEW_FOR
    new = unit_list.new_since(connection, week_ago if last is None else max(last.sent_at, week_ago))
    if new:
        text = ngettext(
            "%(n)d new name of a company, a business unit or a team came: %(names)s. Mistyped, or another name of one "
            "that is here? Say so on the page “Companies, business units, teams”.",
            "%(n)d new names of companies, business units or teams came: %(names)s. Mistyped, or other names of some "
            "that are here? Say so on the page “Companies, business units, teams”.",
            len(new),
        )
        names = ", ".join(seen(key.name) for key in new[:_NAMED]) + (" …" if len(new) > _NAMED else "")
        yield Notice("units", new[0].digest, text % {"n": len(new), "names": names})


def _waiting(connection: SCIMConnection) -> Iterator[Notice]:
    """Told once of each person who has waited for so long, however long they go on to."""
    now = timezone.now()
    long_ago = [since for since in queue.waited(connection) if now - since >= WAITED]
    last = SentNotice.objects.filter(connection=connection, kind="queue").order_by("-sent_at").first()
    if long_ago and (last is None or long_ago[-1] > last.sent_at - WAITED):
        text = ngettext(
            "%(n)d person whom the identity provider sends waits, for 3 days or longer, for somebody to say who it "
            "is: see the page “Who is it?”.",
            "%(n)d people whom the identity provider sends wait, for 3 days or longer, for somebody to say who they "
            "are: see the page “Who is it?”.",
            len(long_ago),
        )
        yield Notice("queue", f"{long_ago[-1]:%Y-%m-%dT%H:%M:%S}", text % {"n": len(long_ago)})


def _seats(connection: SCIMConnection) -> Iterator[Notice]:
    """Told once that they become scarce, and once that none is left; again where there were enough in between, or the
    number has changed."""
    found = seats.of(connection)
    if found is not None and found.percent < _ENOUGH_PERCENT:
        SentNotice.objects.filter(connection=connection, kind="seats").delete()
    if found is not None and found.is_scarce:
        occasion = "full" if found.is_full else "scarce"
        yield Notice("seats", f"{found.total}:{occasion}", found.notice)


def _left(connection: SCIMConnection) -> Iterator[Notice]:
    """Told once for each disconnection, however often it is gone on with in vain."""
    for found in disconnection.left().filter(connection=connection).select_related("connection"):
        yield Notice(
            "disconnection",
            f"{found.begun_at:%Y-%m-%dT%H:%M:%S}",
            _("Disconnected, but not finished with. %(found)s Go on: %(command)s")
            % {
                "found": disconnection_words.unfinished(found),
                "command": disconnection_words.resume_command(connection),
            },
        )
