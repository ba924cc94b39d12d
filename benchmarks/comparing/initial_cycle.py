"""Reads from the provisioning log how long an initial cycle took, in a process of its own: people and seconds."""

from __future__ import annotations

import json

import django


def main() -> None:
    """From the request that made the first newcomer to the one that named the last manager."""
    django.setup()
    from datetime import timedelta

    from django.db.models import Max, Min

    from scim_provisioning.models import Action, ProvisioningEvent
    from scim_provisioning.testing.simulators.directory import MANAGER

    # Those who were there before were written down with their rows, and nobody's request took any time.
    log = ProvisioningEvent.objects.filter(duration_ms__isnull=False)
    made = log.filter(action=Action.CREATED)
    changed = log.filter(action=Action.UPDATED)
    managed = [event.created_at for event in changed if any(MANAGER in path for path in event.changes)]
    first = made.aggregate(at=Min("created_at"))["at"]
    last = max(managed, default=made.aggregate(at=Max("created_at"))["at"])
    print(json.dumps([made.count(), (last - first) / timedelta(seconds=1)]))


if __name__ == "__main__":
    main()
