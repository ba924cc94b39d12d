from tests.hosts.settings import *  # noqa: F403
from tests.hosts.settings import INSTALLED_APPS, SITE_URL

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "example_project.lms"]
INSTALLED_APPS += ["tests.hosts.signals.apps.SignalsConfig"]
ROOT_URLCONF = "tests.hosts.signals.urls"
SCIM_PROVISIONING = {
    "ADAPTER": "tests.hosts.signals.scim.LearnerAdapter",
    "SITE_URL": SITE_URL,
    "SSO_MODEL": "signals.SingleSignOn",
    "SSO_ENABLED": {"protocol": "saml"},
}
# Employers and squads are told apart by what their pages show, not by a constraint.
SILENCED_SYSTEM_CHECKS = ["scim_provisioning.W022"]
HOST = "tests.hosts.signals.host"
