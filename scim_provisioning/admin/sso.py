"""``SCIMPanelMixin``: provisioning on the host's own SSO settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin

if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
else:
    _Base = object


class SCIMPanelMixin(_Base):
    """Adds a panel to the change page of the host's SSO settings."""
