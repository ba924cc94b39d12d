from tests.hosts.settings import *  # noqa: F403
from tests.hosts.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, SITE_URL

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "example_project.lms"]
INSTALLED_APPS += ["tests.hosts.club.apps.ClubConfig"]
MIDDLEWARE = [*MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
ROOT_URLCONF = "tests.hosts.club.urls"

DATABASES = {"default": {**DATABASES["default"], "ATOMIC_REQUESTS": True}}
DATABASE_ROUTERS = ["tests.hosts.club.hostility.OneDatabase"]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_SSL_REDIRECT = True
# A redirect loses the body of a POST. SCIM refuses plain http by itself once SITE_URL is https.
SECURE_REDIRECT_EXEMPT = [r"^scim/"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.TemplateHTMLRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 1,
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "1/day", "user": "1/day"},
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "EXCEPTION_HANDLER": "tests.hosts.club.hostility.envelope",
}

SCIM_PROVISIONING = {
    "ADAPTER": "tests.hosts.club.scim.LearnerAdapter",
    "SITE_URL": SITE_URL,
    "SSO_MODEL": "club.SignIn",
    "SSO_ENABLED": {"enabled": True},
}
HOST = "tests.hosts.club.host"
