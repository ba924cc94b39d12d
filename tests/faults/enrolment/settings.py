"""The example project with that adapter, for servers that a test starts on its own database (``DATABASE_URL``)."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import SCIM_PROVISIONING as SCIM

ADAPTER = "tests.faults.enrolment.scim.LearnerAdapter"
SCIM_PROVISIONING = {**SCIM, "ADAPTER": ADAPTER}
