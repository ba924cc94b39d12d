"""When somebody went, and by whose word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.administration import times
from scim_provisioning.models import Operation, ProvisioningEvent

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: By the identity provider, with a token or without; by an administrator; and where the log no longer knows.
SWITCHED_OFF: Final = (
    gettext_lazy("Switched off on %(when)s by the identity provider, with the token “%(token)s”."),
    gettext_lazy("Switched off on %(when)s by the identity provider."),
    gettext_lazy("Switched off on %(when)s by %(name)s."),
    gettext_lazy("Switched off. When and by whom, the log no longer knows."),
)
DELETED: Final = (
    gettext_lazy("Deleted on %(when)s by the identity provider, with the token “%(token)s”."),
    gettext_lazy("Deleted on %(when)s by the identity provider."),
    gettext_lazy("Deleted on %(when)s by %(name)s."),
    gettext_lazy("Deleted. When and by whom, the log no longer knows."),
)
FORGOTTEN: Final = (
    *2 * (gettext_lazy("What was kept of this person was erased."),),
    gettext_lazy("What was kept of this person was erased on %(when)s by %(name)s."),
    gettext_lazy("What was kept of this person was erased. When and by whom, the log no longer knows."),
)


def said(words: Sequence[StrOrPromise], departure: ProvisioningEvent | None) -> str:
    """One of the four ``words``, by whose word the departure was."""
    if departure is None:
        return str(words[3])
    facts = {
        "when": times.written(departure.created_at),
        "token": departure.token.label if departure.token is not None else "",
        "name": departure.actor or _("an administrator"),
    }
    is_ours = departure.operation == Operation.ADMIN
    return str(words[2 if is_ours else 0 if facts["token"] else 1]) % facts
