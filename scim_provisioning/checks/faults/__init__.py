"""Every fault the system checks know: one id each, never reused, and the fix as its hint.

A fault is made concrete with ``at()``; tests and hosts build the message they expect in the same way.
``docs/checks.md`` lists them all.
"""

from __future__ import annotations

from scim_provisioning.checks.fault import Fault as Fault
from scim_provisioning.checks.faults.errors import *  # noqa: F403
from scim_provisioning.checks.faults.warnings import *  # noqa: F403
