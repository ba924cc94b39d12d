"""Settings of the example LMS.

Everything a machine may want to differ in comes from the environment: DATABASE_URL, TEST_DATABASE_NAME,
REDIS_URL, SITE_URL, DEBUG, SECRET_KEY, ALLOWED_HOSTS. With none of them set it runs on SQLite beside manage.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DEBUG", "1").lower() in {"1", "true", "yes", "on"}
SECRET_KEY = os.environ.get("SECRET_KEY", "example-project-only-never-in-production")
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "scim_provisioning",
    "example_project.lms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # A changed password gives the session another key; it ends with the account's access all the same.
    "scim_provisioning.sessions.SessionKeyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for the database at `url`, with what its engine needs under threads."""
    settings: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0))
    options = settings.setdefault("OPTIONS", {})
    if settings["ENGINE"].endswith("sqlite3"):
        # On SQLite a transaction that reads first and writes later cannot wait for its turn: it fails at
        # once. IMMEDIATE takes the write lock at BEGIN, where waiting works.
        options.update(
            {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"}
        )
    elif settings["ENGINE"].endswith("mysql"):
        options.setdefault("charset", "utf8mb4")
        settings["TEST"] = {"CHARSET": "utf8mb4"}
    name = os.environ.get("TEST_DATABASE_NAME")
    if name and not settings["ENGINE"].endswith("sqlite3"):
        # Two runs on one server must not share a test database.
        settings["TEST"] = {**settings.get("TEST", {}), "NAME": name}
    return settings


DATABASES = {"default": database(os.environ.get("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}

if REDIS_URL := os.environ.get("REDIS_URL"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # Seconds. Nobody waits for long when it hangs.
            "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "lms"}}

# Nobody signs in whom the identity provider has switched off.
AUTHENTICATION_BACKENDS = ["example_project.lms.auth.SignInBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
LOGIN_URL = "admin:login"
if DEBUG:
    # Mails stand in the terminal.
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# What a host adds for scim_provisioning: this dict, an include() in urls.py, an adapter, an admin mixin.
SCIM_PROVISIONING = {
    "ADAPTER": "example_project.lms.scim.LearnerAdapter",
    "SITE_URL": SITE_URL,
    "SSO_MODEL": "lms.SSOSettings",
    "SSO_ENABLED": {"enabled": True},
}
