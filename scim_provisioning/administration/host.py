"""The host's adapter, as administrators meet it: it may not load, and then they have to read why."""

from __future__ import annotations

from django.utils.translation import gettext as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class


class AdapterBroken(Exception):
    """The adapter does not load, so nothing can be done that has to ask it. ``message`` says why, and who mends it."""

    def __init__(self, cause: Exception) -> None:
        self.message = _(
            "The adapter of this application does not load, so this cannot be done now: %(error)s. Ask its "
            "developers; “manage.py check” says more."
        ) % {"error": f"{type(cause).__name__}: {cause}".rstrip(".")}
        super().__init__(self.message)


def adapter_class() -> type[LearnerAdapter]:
    """The host's adapter. Raises ``AdapterBroken``, whatever its import raised."""
    try:
        return get_adapter_class()
    except Exception as error:
        raise AdapterBroken(error) from error
