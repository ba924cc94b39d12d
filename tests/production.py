"""Settings of a host in production, as docs/security.md asks for them: ``check --deploy`` finds nothing to say."""

from __future__ import annotations

import os

from example_project.settings import *  # noqa: F403
from example_project.settings import SCIM_PROVISIONING as EXAMPLE

DEBUG = False
# Long and random for a run: nothing is ever signed with it.
SECRET_KEY = os.environ.get("SECRET_KEY") or os.urandom(48).hex()
ALLOWED_HOSTS = ["learn.harborline.example"]

SECURE_SSL_REDIRECT = True
# A SCIM client does not follow a redirect with its body. Plain http is refused by the app itself.
SECURE_REDIRECT_EXEMPT = [r"^scim/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

SCIM_PROVISIONING = {
    **EXAMPLE,
    "SITE_URL": "https://learn.harborline.example",
    "TRUSTED_PROXIES": ["10.0.0.0/8"],
    "TOKEN_PEPPERS": [os.environ.get("TOKEN_PEPPER") or os.urandom(32).hex()],
}
