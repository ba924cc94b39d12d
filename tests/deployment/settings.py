"""The example project with its database set as ``DATABASE_SETTINGS`` (JSON) says: keys of ``DATABASES["default"]``."""

from __future__ import annotations

import json
import os

from example_project.settings import *  # noqa: F403
from example_project.settings import DATABASES as EXAMPLE
from example_project.settings import SCIM_PROVISIONING as SCIM

_OWN = json.loads(os.environ.get("DATABASE_SETTINGS", "{}"))
_DEFAULT = EXAMPLE["default"]
DATABASES = {
    "default": {**_DEFAULT, **_OWN, "OPTIONS": {**_DEFAULT.get("OPTIONS", {}), **_OWN.get("OPTIONS", {})}}
}

# Eight threads of one connection search at the same moment: it is the databases' connections that are asked about.
SCIM_PROVISIONING = {**SCIM, "LIMITS": {"searches_at_once": 100}}
