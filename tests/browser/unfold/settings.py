"""The example LMS with django-unfold as its admin."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import INSTALLED_APPS as _APPS
from example_project.settings import SCIM_PROVISIONING as _OURS

INSTALLED_APPS = ["unfold", *_APPS]
SCIM_PROVISIONING = {**_OURS, "ADMIN_BASE": "unfold.admin.ModelAdmin"}
