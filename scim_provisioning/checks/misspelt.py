"""Names that are wrong by a letter and no mistake to Python: a hook that nothing calls, a schema that nobody sends."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from django.core.checks import CheckMessage

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.checks import faults
from scim_provisioning.checks.overriding import is_own
from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER

# "on_deactivate" and "on_deactivated" are alike; "bring_profile_back" and "bring_back" are not.
_ALIKE = 0.9
# Two or three letters of a URN.
_NEARLY = 0.95


def names_of(adapter: type[LearnerAdapter]) -> Iterator[CheckMessage]:
    """Public names of the host's that nothing asks for, and that are nearly those of something that is asked."""
    known = [name for name in dir(LearnerAdapter) if not name.startswith("_")]
    written = {
        name for base in adapter.__mro__ if not issubclass(LearnerAdapter, base) for name in vars(base)
    }
    for name in sorted(name for name in written if not (name.startswith("_") or name in known)):
        free = [one for one in known if not is_own(adapter, one)]
        for near in get_close_matches(name, free, n=1, cutoff=_ALIKE):
            yield faults.NAME_IS_NEARLY.at(obj=adapter, name=name, near=near)


def schemas_of(adapter: type[LearnerAdapter], mapping: CompiledMapping) -> Iterator[CheckMessage]:
    """Extensions that the lines declare, and that are nearly one of SCIM's own: no identity provider sends them."""
    standard = {urn.casefold(): urn for urn in (CORE_USER, ENTERPRISE_USER)}
    paths: dict[str, str] = {}
    for entry in mapping.entries:
        paths.setdefault(entry.attribute.extension, entry.declaration.path)
    for urn, path in paths.items():
        for near in get_close_matches(urn.casefold(), standard, n=1, cutoff=_NEARLY):
            if urn.casefold() != near:
                facts = {"urn": urn, "near": standard[near], "path": path}
                yield faults.SCHEMA_IS_NEARLY.at(
                    obj=adapter, **facts, right=path.replace(urn, standard[near])
                )
