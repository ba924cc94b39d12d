"""What follows when the name or the address of an account changes: people are told, old sessions end."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from scim_provisioning import databases, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.conf import app_settings
from scim_provisioning.events import reports
from scim_provisioning.models import ProvisioningEvent, SentNotice
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning import host_calls

logger = logging.getLogger("scim_provisioning")

#: So many mails a day about one account: whoever writes one user name after the other must not flood its owner.
MAILS_A_DAY: Final = 3
#: What ``SentNotice`` remembers: such a mail, and an address that the identity provider has written.
_KIND, _ADDRESS = "identity", "address"

#: Columns of the account, before and after.
Rewritten = dict[str, tuple[Any, Any]]


def rewritten(adapter: LearnerAdapter) -> Rewritten:
    """What of sign-in name and address is about to change on an account that was here before."""
    account: Any = get_user_model()
    names = [account.USERNAME_FIELD, getattr(account, "EMAIL_FIELD", "")]
    entry = adapter.compiled_mapping.account_name
    columns = dict.fromkeys([*names, *([entry.field.attname] if entry else [])])
    return adapter.person.rows.rewritten("", columns)


def settle(adapter: LearnerAdapter, changed: Rewritten, event: ProvisioningEvent) -> None:
    """Of an account that was adopted: end its sessions, tell its owner at the old address, and tell the host.

    The account was somebody's before provisioning knew it: who takes it over must not do so unseen, nor keep what a
    browser still holds. An account that was made for this person has no such past.
    """
    if not changed or adapter.link.adopted_at is None:
        return
    sessions.end(adapter.obj)
    _tell_old_address(adapter, changed)
    before = {column: old for column, (old, _new) in changed.items()}
    after = {column: new for column, (_old, new) in changed.items()}
    host_calls.tell(adapter, "on_identity_changed", event, before=before, after=after)


def _may_be_told(adapter: LearnerAdapter) -> bool:
    """Count a mail about this account, whose link is locked; False after so many within a day (two queries)."""
    link, now = adapter.link, timezone.now()
    told = SentNotice.objects.filter(connection=link.connection_id, kind=_KIND, key__startswith=f"{link.pk}:")
    if told.filter(sent_at__gt=now - timedelta(days=1)).count() >= MAILS_A_DAY:
        return False
    SentNotice.objects.create(
        connection_id=link.connection_id, kind=_KIND, key=f"{link.pk}:{now.timestamp():.6f}", sent_at=now
    )
    return True


def _was_sent(adapter: LearnerAdapter, address: str) -> bool:
    """Whether the identity provider has written this address itself: who wrote it reads there what they like, by the
    next user name that they write, and the account's owner was told when theirs was taken (one query)."""
    link = adapter.link
    known = SentNotice.objects.filter(
        connection=link.connection_id, kind=_ADDRESS, key=_key_of(link.pk, address)
    )
    return known.exists()


def _note_sent(adapter: LearnerAdapter, address: object) -> None:
    """Remember an address that the identity provider writes now, by a keyed hash (one query)."""
    link = adapter.link
    if isinstance(address, str) and address:
        facts = {"connection_id": link.connection_id, "kind": _ADDRESS, "key": _key_of(link.pk, address)}
        SentNotice.objects.bulk_create([SentNotice(**facts)], ignore_conflicts=True)


def _key_of(link: int, address: str) -> str:
    return f"{link}:{salted_hmac('scim_provisioning.address', fold(address), algorithm='sha256').hexdigest()}"


def _tell_old_address(adapter: LearnerAdapter, changed: Rewritten) -> None:
    column = getattr(get_user_model(), "EMAIL_FIELD", "")
    address = changed[column][0] if column in changed else getattr(adapter.obj, column, "")
    if column in changed:
        _note_sent(adapter, changed[column][1])
    if not address or "@" not in address or _was_sent(adapter, address) or not _may_be_told(adapter):
        return
    subject = _("Your sign-in at %(site)s was changed") % {"site": app_settings.site_url}
    lines = [f"{old} → {new}" for old, new in changed.values()]
    body = _(
        "Your organisation’s directory has changed how you sign in, or the address of your account:\n\n"
        "%(changes)s\n\nYou were signed out everywhere. If you did not expect this, tell your organisation’s IT."
    ) % {"changes": "\n".join(lines)}

    def send() -> None:
        try:
            EmailMessage(subject=subject, body=body, to=[address]).send()
        except Exception as error:
            # Whatever a mail back-end may raise.
            message = "Somebody could not be told of the change of their account."
            reports.failure(logger, message, exception=error, sent=[address, *map(str, changed.values())])

    transaction.on_commit(send, using=databases.alias(), robust=True)
