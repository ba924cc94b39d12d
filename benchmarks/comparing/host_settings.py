"""The example LMS as it would run in production: no DEBUG, connections kept, and a throttle that nobody meets."""

import os

from example_project.settings import *  # noqa: F403
from example_project.settings import DATABASES, SCIM_PROVISIONING

DEBUG = False
DATABASES = {"default": {**DATABASES["default"], "CONN_MAX_AGE": None}}
SCIM_PROVISIONING = {
    **SCIM_PROVISIONING,
    "SITE_URL": os.environ.get("SITE_URL", "http://127.0.0.1:8000"),
    "THROTTLE": {"reads": 1_000_000, "writes": 1_000_000},
}
