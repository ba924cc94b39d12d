from tests.hosts.settings import *  # noqa: F403
from tests.hosts.settings import INSTALLED_APPS, SITE_URL

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "example_project.lms"]
INSTALLED_APPS += ["tests.hosts.academy.apps.AcademyConfig"]
ROOT_URLCONF = "tests.hosts.academy.urls"
AUTH_USER_MODEL = "academy.User"
SCIM_PROVISIONING = {
    "ADAPTER": "tests.hosts.academy.scim.LearnerAdapter",
    "SITE_URL": SITE_URL,
    "SSO_MODEL": "academy.IdentityProvider",
    "SSO_ENABLED": {"is_live": True},
}
HOST = "tests.hosts.academy.host"
