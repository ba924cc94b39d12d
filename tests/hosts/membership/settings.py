from tests.hosts.settings import *  # noqa: F403
from tests.hosts.settings import INSTALLED_APPS, SCIM_PROVISIONING

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hosts.membership.apps.MembershipConfig"]
SCIM_PROVISIONING = {**SCIM_PROVISIONING, "ADAPTER": "tests.hosts.membership.scim.LearnerAdapter"}
HOST = "tests.hosts.membership.host"
