"""What is said of a disconnection: what is going to be done to the learners, and what has been."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.administration import times
from scim_provisioning.models import Disconnection, OnDisconnect, SCIMConnection

#: Asked of whoever disconnects, as the last word.
TYPE_THE_NAME: Final = gettext_lazy("Type “%(name)s”, exactly as it is written. Nothing was changed.")


def disconnected(told: str) -> str:
    """The sentence that it is disconnected, and what becomes of the learners."""
    return _("Disconnected. %(what)s") % {"what": told}


def announcement(choice: OnDisconnect, concerned: int) -> str:
    """What is going to be done, for the log and the contacts."""
    if choice is OnDisconnect.SUSPEND:
        told = ngettext(
            "%(n)d active learner is being suspended.",
            "%(n)d active learners are being suspended.",
            concerned,
        )
    elif choice is OnDisconnect.SSO_ONLY:
        told = ngettext(
            "%(n)d learner is losing a local password.",
            "%(n)d learners are losing a local password.",
            concerned,
        )
    else:
        told = ngettext("%(n)d learner was handed back.", "%(n)d learners were handed back.", concerned)
    return told % {"n": concerned}


def sentence(found: Disconnection) -> str:
    """What has been done, in numbers."""
    if found.choice is OnDisconnect.SUSPEND:
        done = ngettext("%(n)d learner was suspended.", "%(n)d learners were suspended.", found.changed) % {
            "n": found.changed
        }
    elif found.choice is OnDisconnect.SSO_ONLY:
        done = ngettext(
            "%(n)d learner lost a local password.", "%(n)d learners lost a local password.", found.changed
        ) % {"n": found.changed}
    else:
        done = announcement(OnDisconnect.KEEP, found.handled)
    remarks = [done]
    if found.protected:
        remarks.append(
            ngettext(
                "%(n)d protected account was left alone.",
                "%(n)d protected accounts were left alone.",
                found.protected,
            )
            % {"n": found.protected}
        )
    if found.failed:
        remarks.append(
            ngettext(
                "For %(n)d learner the application’s own code failed: the log says where.",
                "For %(n)d learners the application’s own code failed: the log says where.",
                found.failed,
            )
            % {"n": found.failed}
        )
    return " ".join(remarks)


def how_far(found: Disconnection, number: Callable[[int], str] = str) -> str:
    """How many have been handled of how many."""
    text = ngettext("%(handled)s of %(total)s learner", "%(handled)s of %(total)s learners", found.managed)
    return text % {"handled": number(found.handled), "total": number(found.managed)}


def unfinished(found: Disconnection) -> str:
    """Which one is not finished, and what is left."""
    if found.is_finished:
        return f"{found.connection}: {sentence(found)}"
    told = _("%(connection)s: %(how_far)s since %(day)s. For the others nothing has been done.")
    names = {"connection": found.connection, "how_far": how_far(found), "day": times.written(found.begun_at)}
    return told % names


def resume_command(connection: SCIMConnection) -> str:
    """What goes on with it in a terminal."""
    name = shlex.quote(connection.sso_key or connection.name)
    return f"manage.py scim_connection disconnect --connection {name} --resume"
