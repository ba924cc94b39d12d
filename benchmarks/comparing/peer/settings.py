"""A project with django-scim2. Needs that, gunicorn and dj-database-url, and nothing of this package's."""

import os

from example_project.settings import database

SECRET_KEY = "benchmark-only"  # noqa: S105 - nothing is signed
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_scim",
    "benchmarks.comparing.peer",
]
MIDDLEWARE = [
    "benchmarks.comparing.peer.admission.TokenMiddleware",
    "django_scim.middleware.SCIMAuthCheckMiddleware",
]
ROOT_URLCONF = "benchmarks.comparing.peer.urls"
AUTH_USER_MODEL = "peer.User"
DATABASES = {"default": {**database(os.environ["DATABASE_URL"]), "CONN_MAX_AGE": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SCIM_SERVICE_PROVIDER = {
    "NETLOC": "127.0.0.1",
    "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "Bearer"}],
    "GROUP_MODEL": "benchmarks.comparing.peer.models.Group",
    "USER_FILTER_PARSER": "benchmarks.comparing.peer.filters.UserFilter",
}
