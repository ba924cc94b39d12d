"""What a host imports to write its adapter: ``import scim_provisioning.adapters as scim``."""

from scim_provisioning.adapters.accounts import Candidate
from scim_provisioning.adapters.adapter import LearnerAdapter
from scim_provisioning.adapters.kinds import (
    NO_SUCH_VALUE,
    REFUSE,
    Boolean,
    Choice,
    Column,
    Date,
    DateTime,
    Decimal,
    Email,
    Integer,
    Json,
    Manager,
    MappedAttribute,
    OffSince,
    Reference,
    References,
    Switch,
    Text,
)
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import MappingProblem
from scim_provisioning.adapters.refusals import Refuse
from scim_provisioning.adapters.rows import RelatedRow
from scim_provisioning.protocol.constants import ENTERPRISE_USER as ENTERPRISE

__all__ = [
    "ENTERPRISE",
    "NO_SUCH_VALUE",
    "REFUSE",
    "Boolean",
    "Candidate",
    "Choice",
    "Column",
    "Date",
    "DateTime",
    "Decimal",
    "Email",
    "Integer",
    "Json",
    "LearnerAdapter",
    "Manager",
    "MappedAttribute",
    "MappingProblem",
    "OffSince",
    "Person",
    "Reference",
    "References",
    "Refuse",
    "RelatedRow",
    "Switch",
    "Text",
]
