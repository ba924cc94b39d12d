"""A payload tried on a learner: the real verb, in a transaction that is rolled back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.document import canonical
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration.mapping_report import rest_of, target_name
from scim_provisioning.conf import app_settings
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.http.errors import scim_error
from scim_provisioning.models import Action, Operation, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol import body
from scim_provisioning.protocol.errors import NotFound, SCIMError
from scim_provisioning.provisioning import Written, create, patch, replace


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of the learner that would change."""

    target: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Trial:
    """What a payload would do: differences, or the refusal. ``note`` says more to the administrator alone."""

    learner: str = ""
    is_new: bool = False
    differences: list[Difference] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    refusal: SCIMError | None = None
    note: str = ""


def try_payload(connection: SCIMConnection, raw: bytes, *, learner: str = "") -> Trial:
    """What ``raw`` would do: a PATCH, or a user, as a PUT on ``learner`` (a userName or SCIM id), else as a POST.

    It is done as for an identity provider, the host's hooks included, and taken back as a whole; no session ends,
    whatever keeps it. What a hook does outside the database belongs into ``transaction.on_commit``, which a rollback
    forgets.
    """
    sent: Any = None
    try:
        sent = body.loads(raw, app_settings.limits)
        return _tried(connection, sent, learner.strip())
    except Exception as exception:
        # Whatever a host's hook may raise is what its identity provider would be told.
        return Trial(refusal=scim_error(exception, Caller(connection, None), sent))


def _tried(connection: SCIMConnection, sent: Any, learner: str) -> Trial:
    is_patch = isinstance(sent, dict) and any(str(key).casefold() == "operations" for key in sent)
    link = _link(connection, learner)
    if link is None and (is_patch or learner):
        note = _("Name a learner who is there, by userName or SCIM id.")
        if not learner:
            note = _("A PATCH changes a learner who is there: name one by userName or SCIM id.")
        return Trial(refusal=NotFound(), note=note)
    with databases.rehearsed():
        written = _play(connection, sent, link, is_patch)
        resource, event = written.resource, written.event
        after = _loaded(connection, resource["id"])
        values, account = _values(after), after.obj.pk
    before = _before(connection, resource["id"], account, event)
    known = {} if before is None else _values(before)
    mapping = after.compiled_mapping
    changed = {} if event is None else event.changes
    return Trial(
        learner=resource["userName"],
        is_new=event is not None and event.action == Action.CREATED,
        differences=[
            Difference(target, known.get(target), now)
            for target, now in values.items()
            if known.get(target) != now
        ],
        unused=[path for path in rest_of(canonical(resource, mapping), mapping) if path in changed],
        ignored=[] if event is None else list(event.ignored),
    )


def _play(connection: SCIMConnection, sent: Any, link: ProvisionedUser | None, is_patch: bool) -> Written:
    caller = Caller(connection, None)
    if link is None:
        return create(caller, Exchange("POST", "/Users", Operation.CREATE, sent), sent)
    path = f"/Users/{link.scim_id}"
    if is_patch:
        return patch(caller, Exchange("PATCH", path, Operation.PATCH, sent), link.scim_id, sent)
    return replace(caller, Exchange("PUT", path, Operation.REPLACE, sent), link.scim_id, sent)


def _link(connection: SCIMConnection, name: str) -> ProvisionedUser | None:
    if not name:
        return None
    same = models.Q(user_name_key=user_name_key(name)) | models.Q(scim_id=name)
    return ProvisionedUser.objects.living().filter(same, connection=connection).first()


def _loaded(connection: SCIMConnection, scim_id: str) -> LearnerAdapter:
    """A person as the tables have them, deleted or not."""
    adapter_class = get_adapter_class()
    return adapter_class.for_links([adapter_class.links(connection).get(scim_id=scim_id)], connection)[0]


def _before(
    connection: SCIMConnection, scim_id: str, account: Any, event: ProvisioningEvent | None
) -> LearnerAdapter | None:
    """The person as they were: known here, an account that nobody provisioned yet, or nobody."""
    if event is not None and event.action == Action.CREATED:
        return None
    if event is not None and event.action == Action.ADOPTED:
        adapter_class = get_adapter_class()
        return adapter_class(adapter_class.all_accounts().get(pk=account), connection=connection)
    return _loaded(connection, scim_id)


def _values(adapter: LearnerAdapter) -> dict[str, Any]:
    """The mapped fields as an administrator knows them, by target."""
    values: dict[str, Any] = {}
    for entry in adapter.compiled_mapping.all_entries:
        row = adapter.row(entry.source.name)
        held = None if row is None else entry.declaration.displayed(row, entry.field, adapter.person)
        values[target_name(entry)] = _plain(held)
    return values


def _plain(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, bool | int) else str(value)
