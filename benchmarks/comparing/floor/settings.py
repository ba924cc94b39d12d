"""A bare project. The database comes from DATABASE_URL, with the options that the example LMS gives it."""

import os

from example_project.settings import database

SECRET_KEY = "benchmark-only"  # noqa: S105 - nothing is signed
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["benchmarks.comparing.floor"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.comparing.floor.urls"
DATABASES = {"default": {**database(os.environ["DATABASE_URL"]), "CONN_MAX_AGE": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
