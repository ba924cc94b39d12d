"""What this LMS tells scim_provisioning: which SCIM attribute lands in which field of a learner.

The left side is what the identity provider sends (in Entra: the target attribute of a mapping row), the right
side is a field seen from the account. Everything else Entra sends is kept and returned, and changes nothing.
"""

from __future__ import annotations

import logging
from typing import Any

import scim_provisioning.adapters as scim
from scim_provisioning.adapters import ENTERPRISE
from scim_provisioning.commits import after_commit
from scim_provisioning.models import ProvisioningEvent, SCIMConnection

from .models import Learner

logger = logging.getLogger(__name__)


def tenant(connection: SCIMConnection) -> int:
    """Return the key of the organization whose SSO settings the connection belongs to."""
    organization_id: int = connection.sso.organization_id
    return organization_id


class LearnerAdapter(scim.LearnerAdapter):
    # A learner is an account with a profile; the profile of a new account needs its organization.
    rows = {"learner": scim.RelatedRow(Learner, user_field="user", within={"organization_id": tenant})}

    mapping = [
        scim.Text("userName", "username"),
        scim.Text("name.givenName", "first_name"),
        scim.Text("name.familyName", "last_name"),
        scim.Email("emails", "email", fallback="userName"),
        scim.Text("title", "learner.job_role"),
        scim.Reference(
            f"{ENTERPRISE}:organization", "learner.company", by="name", within={"organization_id": tenant}
        ),
        scim.Reference(
            f"{ENTERPRISE}:division", "learner.business_unit", by="name", within={"organization_id": tenant}
        ),
        scim.Reference(
            f"{ENTERPRISE}:department", "learner.team", by="name", within={"organization_id": tenant}
        ),
        scim.Manager("learner.manager"),
    ]

    def merge(self, into: Learner, other: Learner) -> None:
        """Two learners are one person. Of a course that both have begun the further progress counts; all else of
        ``other`` is ``into``'s now. The account stays, switched off, for what the LMS has written down of it."""
        for progress in other.progress.select_for_update():
            mine = into.progress.filter(course=progress.course_id).first()
            if mine is None:
                progress.learner = into
                progress.save(update_fields=["learner"])
            elif (progress.percent, progress.completed_at is not None) > (
                mine.percent,
                mine.completed_at is not None,
            ):
                mine.percent, mine.completed_at = progress.percent, progress.completed_at
                mine.save(update_fields=["percent", "completed_at"])
        other.reports.exclude(pk=into.pk).update(manager=into)
        if into.manager_id == other.pk:
            into.manager = other.manager if other.manager_id != into.pk else None
        into.joined_at = min(into.joined_at, other.joined_at)
        into.save(update_fields=["manager", "joined_at"])
        other.delete()

    def progress(self, learner: Any) -> str:
        """For who has to say which of two accounts is whose: an account without a learner has begun nothing."""
        courses = learner.progress.select_related("course") if isinstance(learner, Learner) else ()
        return ", ".join(f"{row.course} {row.percent} %" for row in courses)

    def on_deleted(self, learner: Learner, *, event: ProvisioningEvent) -> None:
        """Their progress stays. Whoever files certificates is told once it is certain: a request may still be
        undone."""
        key = learner.pk
        after_commit(lambda: logger.info("Learner %s has left; file their certificates.", key))
