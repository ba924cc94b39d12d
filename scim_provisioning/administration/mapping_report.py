"""What the mapping of a connection does with what its identity provider sends.

Read from the adapter and from what the learners' documents hold. Nothing here ever changes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from scim_provisioning.adapters import MappingProblem
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.resources import Document

DAYS: Final = 30
#: So many of the learners changed latest are looked at.
LEARNERS: Final = 500
#: Never drive permissions, whoever sends them: listed as unused even when nobody does.
ALWAYS_UNUSED: Final = ("roles", "entitlements", "groups")
# Kept on the link itself, and used to find the person.
_LINK_ATTRIBUTES: Final = {"externalId"}
# Say which element is meant, and carry nothing of their own.
_MARKERS: Final = (".type", ".primary", ".display", ".$ref", ".displayName")


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
    lines = [_line(entry, held) for entry in mapping.all_entries]
    return Report(lines, unused, list(mapping.problems), len(held))


def _line(entry: Entry, held: Iterable[Document]) -> Line:
    values = [value for document in held if (value := entry.read(document)) is not None]
    declaration = entry.declaration
    return Line(
        path=declaration.path,
        target=target_name(entry),
        kind=str(declaration.label),
        when_empty=declaration.when_empty,
        required=declaration.required,
        seen=len(values),
        example=values[0] if values else None,
    )


def target_name(entry: Entry) -> str:
    """``learner.job_role``, or the field of the account."""
    return ".".join(part for part in (entry.source.name, entry.field.name, *entry.declaration.keys) if part)


def _unused(held: Iterable[Document], mapping: CompiledMapping) -> list[Unused]:
    seen: Counter[str] = Counter()
    examples: dict[str, Any] = {}
    for document in held:
        for path, value in rest_of(document, mapping).items():
            seen[path] += 1
            examples.setdefault(path, value)
    return [Unused(path, count, examples[path]) for path, count in seen.most_common()]


def rest_of(document: Mapping[str, Any], mapping: CompiledMapping) -> dict[str, Any]:
    """What of a document no field takes, by path."""
    rest = documents.copied(dict(document))
    for name in _LINK_ATTRIBUTES:
        rest.pop(name, None)
    for entry in mapping.all_entries:
        entry.write(rest, None)
    leaves = documents.changes({}, rest)
    return {path: after for path, (_before, after) in leaves.items() if not path.endswith(_MARKERS)}


def _ignored(connection: SCIMConnection, since: Any) -> dict[str, int]:
    """Names outside the schema that were sent lately, with the number of operations that had them."""
    events = ProvisioningEvent.objects.filter(connection=connection, created_at__gte=since)
    lists = events.order_by("-pk").values_list("ignored", flat=True)[:LEARNERS]
    return dict(Counter(name for names in lists for name in names if isinstance(name, str)).most_common(50))
