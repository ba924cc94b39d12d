"""A host whose accounts are global: one membership row a customer, and leaving one customer is not leaving all."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    organization = models.ForeignKey("lms.Organization", models.CASCADE)
    job_role = models.CharField(max_length=120, blank=True)
    company = models.ForeignKey("lms.Company", models.SET_NULL, null=True, blank=True)
    business_unit = models.ForeignKey("lms.BusinessUnit", models.SET_NULL, null=True, blank=True)
    team = models.ForeignKey("lms.Team", models.SET_NULL, null=True, blank=True)
    manager = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("user", "organization"), name="membership_user_organization")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"
