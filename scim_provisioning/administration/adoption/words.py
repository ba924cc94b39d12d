"""What is found of people who are here already, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from scim_provisioning.administration import catalogue
from scim_provisioning.provisioning.verdicts import Finding, Verdict

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Translators: what is found of a person of the directory, as the heading of a column and a badge.
FINDINGS: Final[Mapping[Finding, StrOrPromise]] = {
    Finding.LOOK: _("Needs a look"),
    Finding.DOUBLE: _("Double here"),
    Finding.SPELLING: _("Written otherwise here"),
    Finding.PROTECTED: pgettext_lazy("an account", "Protected"),
    Finding.CERTAIN: _("Certain"),
    Finding.LINKED: _("Linked already"),
    Finding.NOBODY: _("Nobody here"),
}
#: What each of them means, and what follows.
MEANINGS: Final[Mapping[Finding, StrOrPromise]] = {
    Finding.LOOK: _(
        "Somebody has to say whether it is the same person: the identity provider would be refused, or "
        "make a second account."
    ),
    Finding.DOUBLE: _("Several accounts here may be this person, or several people may be one account."),
    Finding.SPELLING: _("The user name differs in case or in the form of its characters only."),
    Finding.PROTECTED: _("The account is staff or protected otherwise: it is never linked by itself."),
    Finding.CERTAIN: _(
        "The account is linked as soon as the identity provider sends the person, or by you beforehand."
    ),
    Finding.LINKED: _("This connection manages them already."),
    Finding.NOBODY: _("A new account is made when the identity provider sends them."),
}
_REASONS: Final[Mapping[str, StrOrPromise]] = {
    "weak": _(
        "An account here has this user name. The name alone is no certain evidence: somebody has to say whether it is "
        "the same person."
    ),
    "address": _(
        "Nobody here has this user name, but an account that nobody manages has the same work e-mail address. An "
        "address is no certain evidence: somebody has to say whether it is the same person."
    ),
    "second": _(
        "Nobody here has this user name, but an account that nobody manages has the same work e-mail address: the new "
        "account that is made, as the policy of this connection says, may be a second one of the same person."
    ),
    "earlier": _(
        "The identity provider has deleted somebody of this name. They come back by themselves if their id in the "
        "directory is the same; otherwise it is somebody new."
    ),
    "one_account": _("Several people of the directory would get this account."),
    "undone": _("An administrator took the link to this account back."),
    "twice": _("The same user name stands in the list more than once."),
    "written": _("An account here has this user name, written otherwise."),
    "host.refused": _("The application refuses this person in its own words."),
}


def why(verdict: Verdict) -> str:
    """The reason of a verdict, in one sentence; empty where there is none."""
    if not verdict.reason:
        return ""
    if verdict.reason in _REASONS:
        return str(_REASONS[verdict.reason])
    return catalogue.title(verdict.reason)
