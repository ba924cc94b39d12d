"""The example LMS with django-jazzmin as its admin."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = ["jazzmin", *_APPS]
