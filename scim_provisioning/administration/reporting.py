"""Error reports of the pages that handle a token: without the token, the password and the form."""

from __future__ import annotations

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from scim_provisioning.models.token import TOKEN_PATTERN


class TokenSafeReporterFilter(SafeExceptionReporterFilter):
    """Django's filter, made to work with ``DEBUG`` too, and blind to whatever looks like a token.

    Django's own is switched off in ``DEBUG``: its error page then shows POST data and the variables of every
    frame. A page that shows a secret once must not show it a second time there.
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        """Always."""
        return True

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """The variables of a frame, those with a token in them cleansed."""
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return {name: self._without_token(value) for name, value in variables}.items()

    def _without_token(self, value: Any) -> Any:
        try:
            shown = repr(value)
        except Exception:
            # The report itself copes with values that cannot be shown.
            return value
        return self.cleansed_substitute if TOKEN_PATTERN.search(shown) else value
