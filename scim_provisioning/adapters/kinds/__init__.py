"""The mapping kit: what a host writes in ``LearnerAdapter.mapping``, one line an attribute; one file a family.

Each line names a SCIM path and a target, a field reached from the account (``"username"``,
``"learner.job_role"``). What a line has to answer is written in ``kind``.
"""

from __future__ import annotations

from scim_provisioning.adapters.kinds.choices import REFUSE, Boolean, Choice, OffSince, Switch, Toggle
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.dates import Date, DateTime
from scim_provisioning.adapters.kinds.json import Json
from scim_provisioning.adapters.kinds.kind import NO_SUCH_VALUE, MappedAttribute
from scim_provisioning.adapters.kinds.manager import Manager, managed_by
from scim_provisioning.adapters.kinds.numbers import Decimal, Integer
from scim_provisioning.adapters.kinds.references import Reference
from scim_provisioning.adapters.kinds.relations import References
from scim_provisioning.adapters.kinds.text import Email, Text

__all__ = [
    "NO_SUCH_VALUE",
    "REFUSE",
    "Boolean",
    "Choice",
    "Column",
    "Date",
    "DateTime",
    "Decimal",
    "Email",
    "Integer",
    "Json",
    "Manager",
    "MappedAttribute",
    "OffSince",
    "Reference",
    "References",
    "Switch",
    "Text",
    "Toggle",
    "managed_by",
]
