"""The example LMS and the app's tables, behind bare views: no middleware, no REST framework."""

from benchmarks.comparing.host_settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.comparing.equal.urls"
