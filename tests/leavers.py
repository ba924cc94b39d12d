"""People who have been here for a while: whoever was made within the hour is no leaver to the brake."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from scim_provisioning.models import ProvisionedUser


def established() -> None:
    """Everybody who is provisioned has been for a day."""
    ProvisionedUser.objects.update(created_at=timezone.now() - timedelta(days=1))
