"""What the settings of every host in this folder start from.

A host's tables have foreign keys to ``auth.User`` or are the user model themselves. They have no migrations, and
databases that check a foreign key at once need what it points to first: so what they point to has none either.
"""

from example_project.settings import *  # noqa: F403

MIGRATION_MODULES = dict.fromkeys(["auth", "contenttypes", "admin", "sessions", "lms"])
