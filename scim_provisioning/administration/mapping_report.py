"""What the mapping of a connection does with what its identity provider sends; and a payload tried on it.

Read from the adapter and from what the learners' documents hold. Nothing here ever changes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import DatabaseError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import policies
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.mapping import CompiledMapping, Entry, MappingProblem
from scim_provisioning.conf import app_settings
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol import body, documents, paths
from scim_provisioning.protocol import patch as patching
from scim_provisioning.protocol.errors import InvalidValue, NotFound, SCIMError
from scim_provisioning.protocol.text import fold

DAYS: Final = 30
#: So many of the learners changed latest are looked at.
LEARNERS: Final = 500
#: Never drive permissions, whoever sends them: listed as unused even when nobody does.
ALWAYS_UNUSED: Final = ("roles", "entitlements", "groups")
# Kept on the link itself, and used to find the person.
_LINK_ATTRIBUTES: Final = {"externalId"}
# Say which element is meant, and carry nothing of their own.
_MARKERS: Final = (".type", ".primary", ".display", ".$ref", ".displayName")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One attribute of the mapping. ``seen`` counts learners, among ``Report.learners``, who have a value."""

    path: str
    target: str
    kind: str
    when_empty: str
    required: bool
    seen: int = 0
    example: Any = None


@dataclass(frozen=True, slots=True)
class Unused:
    """Something that is sent and that no learner's field takes. ``kept``: stored and returned all the same."""

    path: str
    seen: int = 0
    example: Any = None
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The mapping page's content."""

    lines: list[Line]
    unused: list[Unused]
    problems: list[MappingProblem]
    learners: int


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


def report(connection: SCIMConnection) -> Report:
    """The mapping, and what of it arrived within ``DAYS`` (two queries)."""
    mapping = get_adapter_class().compiled(connection)
    since = timezone.now() - timedelta(days=DAYS)
    links = ProvisionedUser.objects.living().filter(connection=connection, modified_at__gte=since)
    held: list[Document] = list(links.order_by("-modified_at").values_list("document", flat=True)[:LEARNERS])
    unused = _unused(held, mapping)
    unused += [Unused(name, count, kept=False) for name, count in _ignored(connection, since).items()]
    known = {item.path.partition("[")[0].casefold() for item in unused}
    unused += [Unused(name, kept=name != "groups") for name in ALWAYS_UNUSED if name.casefold() not in known]
    lines = [_line(entry, held) for entry in _entries(mapping)]
    return Report(lines, unused, list(mapping.problems), len(held))


def try_payload(connection: SCIMConnection, raw: bytes, *, learner: str = "") -> Trial:
    """What ``raw``, a SCIM user or a PATCH, would do to a learner. Nothing is saved.

    A PATCH needs ``learner``: a userName or SCIM id. The host's hooks do not run; companies, units and teams
    that the payload would create are made in a transaction and taken back with it.
    """
    try:
        with transaction.atomic():
            trial = _tried(connection, raw, learner.strip())
            transaction.set_rollback(True)
            return trial
    except SCIMError as refusal:
        return Trial(refusal=refusal)
    except DatabaseError:
        return Trial(refusal=InvalidValue(), note=_("The database refuses a value of this payload."))


# --- the report -------------------------------------------------------------------------------------------------


def _entries(mapping: CompiledMapping) -> Iterator[Entry]:
    yield from (entry for entry in (mapping.user_name, mapping.active) if entry is not None)
    yield from mapping.entries


def _line(entry: Entry, held: Iterable[Document]) -> Line:
    values = [value for document in held if (value := paths.read(document, entry.path)) is not None]
    declaration = entry.declaration
    return Line(
        path=declaration.path,
        target=target_name(entry),
        kind=declaration.kind,
        when_empty=declaration.when_empty,
        required=declaration.required,
        seen=len(values),
        example=values[0] if values else None,
    )


def target_name(entry: Entry) -> str:
    """``learner.job_role``, or the field of the account."""
    return f"{entry.source.name}.{entry.field.name}" if entry.source.name else entry.field.name


def _unused(held: Iterable[Document], mapping: CompiledMapping) -> list[Unused]:
    seen: Counter[str] = Counter()
    examples: dict[str, Any] = {}
    for document in held:
        for path, value in _rest(document, mapping).items():
            seen[path] += 1
            examples.setdefault(path, value)
    return [Unused(path, count, examples[path]) for path, count in seen.most_common()]


def _rest(document: Mapping[str, Any], mapping: CompiledMapping) -> dict[str, Any]:
    """What of a document no field takes, by path."""
    rest = documents.copied(dict(document))
    for name in _LINK_ATTRIBUTES:
        rest.pop(name, None)
    for entry in _entries(mapping):
        paths.write(rest, entry.path, None)
    leaves = documents.changes({}, rest)
    return {path: after for path, (_before, after) in leaves.items() if not path.endswith(_MARKERS)}


def _ignored(connection: SCIMConnection, since: Any) -> dict[str, int]:
    """Names outside the schema that were sent lately, with the number of operations that had them."""
    events = ProvisioningEvent.objects.filter(connection=connection, created_at__gte=since)
    lists = events.order_by("-pk").values_list("ignored", flat=True)[:LEARNERS]
    return dict(Counter(name for names in lists for name in names if isinstance(name, str)).most_common(50))


# --- the trial --------------------------------------------------------------------------------------------------


def _tried(connection: SCIMConnection, raw: bytes, learner: str) -> Trial:
    adapter_class = get_adapter_class()
    mapping = adapter_class.compiled(connection)
    sent = body.loads(raw, app_settings.limits)
    is_patch = isinstance(sent, dict) and any(str(key).casefold() == "operations" for key in sent)
    if is_patch:
        adapter = _known(adapter_class, connection, learner)
        if adapter is None:
            return Trial(
                refusal=NotFound(),
                note=_("A PATCH changes a learner who is there: name one by userName or SCIM id."),
            )
        before = _canonical(adapter)
        operations = patching.parse(sent, mapping.schema, app_settings.limits)
        patched = patching.apply(before, operations, mapping.schema)
        after, ignored = {"active": before["active"], **patched.document}, patched.ignored
        touched = {
            path: new for path, (_old, new) in documents.changes(before, after).items() if new is not None
        }
        unused = [path for path in _rest(after, mapping) if path in touched]
    else:
        normalised = documents.normalise(sent, mapping.schema)
        documents.require(normalised.document)
        after, ignored = {"active": True, **normalised.document}, normalised.ignored
        adapter = _known(adapter_class, connection, learner or after["userName"])
        unused = list(_rest(normalised.document, mapping))
    is_new = adapter is None
    adapter = adapter or _newcomer(adapter_class, connection, after)
    policies.protect(adapter)
    return Trial(
        learner=adapter.link.user_name or after["userName"],
        is_new=is_new,
        differences=_differences(adapter, mapping, after),
        unused=unused,
        ignored=list(ignored),
    )


def _known(
    adapter_class: type[LearnerAdapter], connection: SCIMConnection, name: str
) -> LearnerAdapter | None:
    if not name:
        return None
    same = models.Q(user_name_key=fold(name)) | models.Q(scim_id=name)
    link = adapter_class.links(connection).living().filter(same).first()
    if link is None:
        return None
    link.connection = connection
    return adapter_class.for_links([link], connection)[0]


def _newcomer(
    adapter_class: type[LearnerAdapter], connection: SCIMConnection, document: Document
) -> LearnerAdapter:
    """As a POST would find them: brought back, adopted, or new. Raises what a POST would."""
    tombstone = policies.history(connection, document).tombstone
    if tombstone is not None:
        link = adapter_class.links(connection).get(pk=tombstone.pk)
        link.connection = connection
        return adapter_class.for_links([link], connection)[0]
    link = ProvisionedUser(connection=connection)
    adapter = adapter_class(None, link=link, connection=connection)
    adapter.obj = adapter.new_account()
    account = policies.adopted(adapter, document)
    return adapter if account is None else adapter_class(account, link=link, connection=connection)


def _canonical(adapter: LearnerAdapter) -> Document:
    return {name: value for name, value in adapter.to_dict().items() if name not in ("schemas", "id", "meta")}


def _differences(adapter: LearnerAdapter, mapping: CompiledMapping, after: Document) -> list[Difference]:
    before = _values(adapter, mapping)
    adapter.remember_rows()
    adapter.validate_dict(after)
    adapter.from_dict(after)
    adapter.set_active(after["active"])
    now = _values(adapter, mapping)
    return [
        Difference(target, before[target], now[target]) for target in now if before[target] != now[target]
    ]


def _values(adapter: LearnerAdapter, mapping: CompiledMapping) -> dict[str, Any]:
    """The mapped fields as text an administrator knows, by target."""
    values: dict[str, Any] = {}
    for entry in _entries(mapping):
        row = adapter.row(entry.source.name)
        values[target_name(entry)] = None if row is None else _plain(getattr(row, entry.field.name))
    return values


def _plain(value: Any) -> Any:
    if value is None or value == "":
        return None
    return value if isinstance(value, bool | int) else str(value)
