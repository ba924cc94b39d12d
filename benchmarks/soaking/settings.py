"""The example LMS, with a throttle that a soak reaches. The database comes from DATABASE_URL."""

from example_project.settings import *  # noqa: F403
from example_project.settings import SCIM_PROVISIONING

SCIM_PROVISIONING = {
    **SCIM_PROVISIONING,
    # Of one worker: the cache is each worker's own.
    "THROTTLE": {"reads": 4, "writes": 3},
}
