"""A host's own tests need its tables: they are collected only inside that host (``test_other_hosts.py``)."""

from __future__ import annotations

import os

HOSTS = {"custom_user", "membership", "every_kind"}

collect_ignore = sorted(HOSTS - {os.environ.get("HOST", "")})
