"""The example LMS, whose customers sign in through django-allauth and djangosaml2 as docs/sign-in.md shows it."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import INSTALLED_APPS as _APPS
from example_project.settings import MIDDLEWARE as _MIDDLEWARE

INSTALLED_APPS = [
    *_APPS,
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [*_MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = [
    "example_project.lms.auth.SignInBackend",
    "tests.sign_in.examples.SamlBackend",
]
SOCIALACCOUNT_ONLY = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ROOT_URLCONF = "tests.sign_in.urls"
LOGIN_REDIRECT_URL = "home"
SOCIALACCOUNT_ADAPTER = "tests.sign_in.examples.SocialAccountAdapter"
