"""The fields of a form that takes an export of a directory."""

from __future__ import annotations

from typing import Final

from django import forms
from django.utils.translation import gettext_lazy

from scim_provisioning.administration import adoption
from scim_provisioning.models import SCIMConnection

#: The lines of a file that one request reads: some ten seconds of work at most. The commands read larger ones.
_ROWS: Final = 10_000
_BYTES: Final = 8 * 1024 * 1024
#: The refused people whom one request looks at, where there is no file.
REFUSED: Final = 5_000


class ExportFields(forms.Form):
    """The file, and its columns. A subclass says in the help text of ``file`` who is meant without one."""

    file = forms.FileField(label=gettext_lazy("Export of the directory (CSV)"), required=False)
    user_name = forms.CharField(
        label=gettext_lazy("Column of the userName"), initial="userPrincipalName", max_length=100
    )
    external_id = forms.CharField(
        label=gettext_lazy("Column of the externalId"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Only where the application knows people by it."),
    )

    def directory(self, connection: SCIMConnection) -> adoption.Directory | None:
        """The people of the file; None without one. Of a valid form. Raises ``ConnectionRefused``."""
        chosen = self.cleaned_data
        if not chosen["file"]:
            return None
        return adoption.from_csv(
            connection,
            chosen["file"].read(_BYTES + 1),
            user_name=chosen["user_name"],
            external_id=chosen["external_id"],
            most=_ROWS,
            most_bytes=_BYTES,
        )
