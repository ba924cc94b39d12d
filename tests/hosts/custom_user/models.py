"""A host whose account is the learner: a custom user model with everything on it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    job_title = models.CharField(max_length=120, blank=True)
    company = models.ForeignKey("lms.Company", models.SET_NULL, null=True, blank=True)
    business_unit = models.ForeignKey("lms.BusinessUnit", models.SET_NULL, null=True, blank=True)
    team = models.ForeignKey("lms.Team", models.SET_NULL, null=True, blank=True)
    manager = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
