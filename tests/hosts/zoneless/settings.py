"""Settings of the host without time zones: every column holds the time on the wall, in a country with summer time."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403

USE_TZ = False
TIME_ZONE = "Europe/Berlin"
