"""The example LMS, with courses that an active learner is enrolled in: as members of a group."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

from example_project.lms import scim
from scim_provisioning.models import ProvisioningEvent

ENROLLED = "Enrolled"


class LearnerAdapter(scim.LearnerAdapter):
    def on_provisioned(self, learner: Any, *, event: ProvisioningEvent) -> None:
        self._enrol(learner)

    def on_reactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        self._enrol(learner)

    def on_deactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        learner.user.groups.remove(Group.objects.get(name=ENROLLED))

    def on_team_changed(self, learner: Any, *, event: ProvisioningEvent, old: Any, new: Any) -> None:
        # A newcomer's is new.
        assert old is None, "Nobody's team was to change."

    def _enrol(self, learner: Any) -> None:
        learner.user.groups.add(Group.objects.get(name=ENROLLED))
