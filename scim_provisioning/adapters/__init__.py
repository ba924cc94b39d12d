"""What a host imports to write its adapter: ``import scim_provisioning.adapters as scim``."""

from scim_provisioning.adapters.attributes import Boolean, Email, Manager, MappedAttribute, Reference, Text
from scim_provisioning.adapters.base import Candidate, LearnerAdapter
from scim_provisioning.adapters.mapping import MappingProblem
from scim_provisioning.adapters.refusals import Refuse
from scim_provisioning.adapters.rows import RelatedRow
from scim_provisioning.protocol.constants import ENTERPRISE_USER as ENTERPRISE

__all__ = [
    "ENTERPRISE",
    "Boolean",
    "Candidate",
    "Email",
    "LearnerAdapter",
    "Manager",
    "MappedAttribute",
    "MappingProblem",
    "Reference",
    "Refuse",
    "RelatedRow",
    "Text",
]
