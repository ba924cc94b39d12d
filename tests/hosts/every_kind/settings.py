from tests.hosts.settings import *  # noqa: F403
from tests.hosts.settings import INSTALLED_APPS, SCIM_PROVISIONING

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hosts.every_kind.apps.EveryKindConfig"]
SCIM_PROVISIONING = {**SCIM_PROVISIONING, "ADAPTER": "tests.hosts.every_kind.scim.LearnerAdapter"}
