"""What is to be known of an account before somebody says whose it is: since when it is here, when somebody last signed
in with it, and how far its learner has come, as far as the host says it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.utils.translation import gettext as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration.log_words import MASK
from scim_provisioning.administration.times import written
from scim_provisioning.events import reports
from scim_provisioning.models import ProvisionedUser

logger = logging.getLogger("scim_provisioning.administration")


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """In words; "—" for what nothing is known of, dots for what the reader may not see. ``progress`` None: the host
    does not say it."""

    since: str
    last_login: str
    progress: str | None = None

    @property
    def in_words(self) -> dict[str, str]:
        """By what each of them is called."""
        told = {} if self.progress is None else {_("Progress"): self.progress}
        return {_("Here since"): self.since, _("Last sign-in"): self.last_login, **told}


def facts_of(adapter: LearnerAdapter, *, in_clear: bool) -> AccountFacts:
    """Of the account of an adapter. What its person does here are values: without ``in_clear`` they are masked."""
    account = adapter.obj
    made, seen = getattr(account, "date_joined", None), getattr(account, "last_login", None)
    since = written(made) if made else "—"
    if not in_clear:
        return AccountFacts(since, MASK, MASK if adapter.overrides("progress") else None)
    return AccountFacts(since, written(seen) if seen else _("never"), _progress(adapter))


def facts_of_link(link: ProvisionedUser, *, in_clear: bool) -> AccountFacts:
    """Of the account of a learner."""
    adapter = get_adapter_class()(link.user, link=link, connection=link.connection)
    return facts_of(adapter, in_clear=in_clear)


def _progress(adapter: LearnerAdapter) -> str | None:
    if not adapter.overrides("progress"):
        return None
    try:
        return str(adapter.progress(adapter.learner)) or "—"
    except Exception as error:
        # Whatever the host's own code may raise: the page has more to say than this.
        reports.failure(logger, "The application cannot say how far a learner has come", exception=error)
        return "—"
