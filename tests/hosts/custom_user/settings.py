from tests.hosts.settings import *  # noqa: F403
from tests.hosts.settings import INSTALLED_APPS, SCIM_PROVISIONING

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hosts.custom_user.apps.CustomUserConfig"]
AUTH_USER_MODEL = "custom_user.User"
SCIM_PROVISIONING = {**SCIM_PROVISIONING, "ADAPTER": "tests.hosts.custom_user.scim.LearnerAdapter"}
HOST = "tests.hosts.custom_user.host"
