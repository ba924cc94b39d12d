"""An administrator's verbs on connections: pause, resume, choose policies, disconnect, restore.

Each verb is one transaction with its entries in both logs; pages, API and commands all come here. How a connection
begins stands in ``setting_up``, what becomes of its learners when it ends in ``disconnection``; tokens have their own
verbs, in ``rotation``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import databases, events, rules
from scim_provisioning.administration import (
    as_shown,
    audit,
    disconnection,
    disconnection_words,
    host,
    suspension,
)
from scim_provisioning.administration.policy_choices import LISTS
from scim_provisioning.administration.setting_up import ConnectionRefused, key_of, refuse_without_settings
from scim_provisioning.conf import app_settings
from scim_provisioning.models import Action, Disconnection, OnDisconnect, SCIMConnection
from scim_provisioning.provisioning import moved
from scim_provisioning.provisioning.transactions import durable, durably
from scim_provisioning.rules import ownership

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import Model

    from scim_provisioning.models import PolicyChoice


@durably
def pause(
    connection: SCIMConnection, *, actor: AbstractBaseUser | None, reason: str = "", address: str = ""
) -> bool:
    """Answer every request with 503 until ``resume``. False when it was paused before.

    Raises ``ConnectionRefused`` (``connection.archived``), as ``resume`` and ``choose_policies`` do.
    """
    if locked_current(connection).is_paused:
        return False
    connection.paused_at = timezone.now()
    connection.paused_by_id = None if actor is None else actor.pk
    connection.pause_reason = reason.strip()[:200]
    connection.save(update_fields=["paused_at", "paused_by", "pause_reason"])
    message = _("Paused provisioning.")
    if connection.pause_reason:
        message = _("Paused provisioning: %(reason)s") % {"reason": connection.pause_reason}
    _write_down(connection, Action.PAUSED, actor, message, address, tell=True)
    return True


@durably
def resume(connection: SCIMConnection, *, actor: AbstractBaseUser | None, address: str = "") -> bool:
    """Serve requests again. False when it was not paused."""
    if not locked_current(connection).is_paused:
        return False
    connection.paused_at, connection.paused_by, connection.pause_reason = None, None, ""
    connection.save(update_fields=["paused_at", "paused_by", "pause_reason"])
    _write_down(connection, Action.RESUMED, actor, _("Resumed provisioning."), address, tell=True)
    return True


@durably
def choose_policies(
    connection: SCIMConnection,
    *,
    actor: AbstractBaseUser | None,
    chosen: Mapping[str, Sequence[str] | str | int],
    shown: Mapping[str, Any] | None = None,
    address: str = "",
) -> bool:
    """Keep an administrator's choices; a policy that ``chosen`` does not name stays. False when nothing changes.
    Raises ``ChangedMeanwhile`` where one stands otherwise than it was ``shown``.

    The contacts of before are told too: who is taken off the list should know by whom. Raises ``ValueError``
    for a policy or an option that does not exist.
    """
    wanted = _checked(chosen)
    locked = locked_current(connection)
    before = locked.chosen_policies()
    changes = {name: (before[name], value) for name, value in wanted.items() if before[name] != value}
    if not changes:
        return False
    as_shown.refuse_overtaken(changes, shown or {})
    audit.tell_contacts(locked, *notice(connection, actor, _("Changed policies."), address))
    connection.policies = {**locked.policies, **{name: after for name, (_old, after) in changes.items()}}
    connection.save(update_fields=["policies"])
    message = _("Changed policies: %(names)s.") % {"names": ", ".join(map(_told, changes.items()))}
    _write_down(connection, Action.POLICY_CHANGED, actor, message, address, changes=changes)
    return True


def _checked(chosen: Mapping[str, Sequence[str] | str | int]) -> dict[str, list[str] | str | int]:
    kinds: dict[str, Callable[[Any], list[str] | str | int]] = {
        **dict.fromkeys(LISTS, list),
        **{number.name: int for number in SCIMConnection.policy_numbers},
        **{choice.name: _stored(choice) for choice in SCIMConnection.policy_choices},
    }
    if unknown := set(chosen) - {*kinds}:
        raise ValueError(f"There is no policy of this name: {', '.join(sorted(unknown))}.")
    return {name: kinds[name](value) for name, value in chosen.items()}


def _stored(choice: PolicyChoice[Any]) -> Callable[[Any], str]:
    return lambda value: str(choice.options(value))


def _told(change: tuple[str, tuple[Any, Any]]) -> str:
    """A policy's key, and for a choice what was chosen; the addresses of a list stand in the provisioning log."""
    name, (before, after) = change
    return name if name in LISTS else f"{name} ({before} → {after})"


def disconnect(
    connection: SCIMConnection,
    *,
    actor: AbstractBaseUser | None,
    learners: str,
    address: str = "",
    seconds: float | None = None,
) -> Disconnection:
    """End provisioning: every token is revoked, the connection archived. Log and links stay.

    ``learners`` says what becomes of the people it manages (``OnDisconnect``): ``"keep"`` hands them back to the LMS,
    ``"sso_only"`` keeps them but takes away passwords, ``"suspend"`` switches them off. First the door is shut, and
    that is committed; then they are handled, for as many ``seconds`` (None: all of them), and
    ``disconnection.go_on`` goes on with what is left.

    Raises ``ConnectionRefused`` when archived already, ``AdapterBroken`` where the adapter has to be asked and does
    not load, ``ValueError`` for an unknown choice.
    """
    choice = OnDisconnect(learners)
    if choice is not OnDisconnect.KEEP:
        host.adapter_class()
    announced = disconnection_words.announcement(choice, suspension.concerned(connection, choice))

    def shut() -> None:
        if not connection.archive(by=actor, restorable=True):
            raise ConnectionRefused(_("This connection is archived already."), "connection.archived")
        disconnection.begin(connection, choice)
        message = disconnection_words.disconnected(announced)
        _write_down(connection, Action.DISCONNECTED, actor, message, address, tell=True)

    durable(shut)
    return disconnection.go_on(connection, seconds=seconds)


def restore(connection: SCIMConnection, *, actor: AbstractBaseUser | None, address: str = "") -> None:
    """Take a disconnection back within 30 days. Tokens stay revoked, and people who were suspended stay so
    until the identity provider or the LMS switches them on; who was not yet is left alone. An account that another
    connection owns by now stays that one's; this connection shares it.

    Raises ``ConnectionRefused`` when it was not disconnected, too long ago, or its SSO settings are gone.
    """
    _refuse_unless_restorable(SCIMConnection.objects.get(pk=connection.pk))

    def bring_back() -> None:
        # Waits for the batch that is under way. Then the links, and the connection last, as everywhere.
        Disconnection.objects.filter(connection=connection).delete()
        moved.leave(connection)
        ownership.settle(connection)
        _refuse_unless_restorable(_locked(connection))
        connection.archived_at = connection.disconnected_at = connection.disconnected_by = None
        connection.save(update_fields=["archived_at", "disconnected_at", "disconnected_by"])
        _write_down(connection, Action.RESTORED, actor, _("Restored."), address, tell=True)

    durable(bring_back)


def _refuse_unless_restorable(connection: SCIMConnection) -> None:
    if connection.restorable_until is None:
        raise ConnectionRefused(_("This connection cannot be restored (any more)."), "connection.expired")
    refuse_without_settings(connection)


def archive_with_sso_row(instance: Model, **_signal: object) -> None:
    """Receiver of ``post_delete`` on the host's SSO model: the connection ends with the row it belongs to.

    A request would find out by itself (``rules.admit``); but until then the key may name another row, and a
    disconnected connection could be restored onto it.
    """
    connection = SCIMConnection.objects.filter(sso_key=key_of(instance)).first()
    if connection is not None:
        # As it was: the host may ask its settings who its people are.
        connection._sso = instance
        _end_with_its_row(connection)


def archive_without_sso_row(connection: SCIMConnection) -> bool:
    """The same of a connection whose SSO row went without Django noticing, by SQL: whether it did (one query). Its own
    next request would find out; until then its learners' accounts would be kept on by it, and in its hands."""
    if app_settings.sso_model is None or connection.sso_key is None or connection.load_sso() is not None:
        return False
    _end_with_its_row(connection)
    return True


def _end_with_its_row(connection: SCIMConnection) -> None:
    with databases.atomic():
        if not rules.archive(connection):
            ended = SCIMConnection.objects.filter(pk=connection.pk)
            ended.update(disconnected_at=None, disconnected_by=None)
            return
        message = _("Archived: its SSO settings were deleted.")
        events.admin(connection, action=Action.ARCHIVED, actor=None, detail=message)


def note_renamed(
    connection: SCIMConnection, *, actor: AbstractBaseUser | None, before: str, address: str = ""
) -> None:
    """Write into the provisioning log that a form has given the connection another name; Django's own log has
    it from the form."""
    message = _("Renamed “%(before)s” to “%(after)s”.") % {"before": before, "after": connection.name}
    events.admin(
        connection,
        action=Action.POLICY_CHANGED,
        actor=actor,
        detail=message,
        changes={"name": (before, connection.name)},
        address=address,
    )


def _locked(connection: SCIMConnection) -> SCIMConnection:
    return SCIMConnection.objects.select_for_update().get(pk=connection.pk)


def locked_current(connection: SCIMConnection) -> SCIMConnection:
    """The connection, locked. Raises ``ConnectionRefused`` for one that is archived."""
    locked = _locked(connection)
    if locked.is_archived:
        raise ConnectionRefused(
            _("This connection is archived: nothing can be changed."), "connection.archived"
        )
    return locked


def _write_down(
    connection: SCIMConnection,
    action: Action,
    actor: AbstractBaseUser | None,
    message: str,
    address: str,
    *,
    tell: bool = False,
    changes: dict[str, tuple[Any, Any]] | None = None,
) -> None:
    events.admin(
        connection, action=action, actor=actor, detail=message, address=address, changes=changes or {}
    )
    audit.log_entry(actor, connection, message)
    if tell:
        audit.tell_contacts(connection, *notice(connection, actor, message, address))


def notice(
    connection: SCIMConnection, actor: AbstractBaseUser | None, message: str, address: str
) -> tuple[str, str]:
    """Subject and text of the mail that tells a connection's contacts what was done, and by whom."""
    facts = {
        "connection": connection.name,
        "message": message,
        "person": actor or _("the server"),
        "address": address or "–",
    }
    subject = _("SCIM provisioning: %(connection)s") % facts
    return subject, _("%(message)s (%(connection)s, by %(person)s from %(address)s)") % facts
