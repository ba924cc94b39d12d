"""What a client asks in the URL: each parameter once, in any case, in UTF-8."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_plus

from rest_framework.request import Request

from scim_provisioning.protocol.errors import InvalidFilter, InvalidValue, SCIMError

_NAME_LISTS: Final = frozenset({"attributes", "excludedattributes"})
#: The escape of a byte that is none of ASCII.
_BEYOND_ASCII: Final = re.compile("%[89A-Fa-f]")
_READ: Final = _NAME_LISTS | {"filter", "sortby", "sortorder", "startindex", "count", "cursor"}


def parameters(request: Request) -> dict[str, str]:
    """The parameters that SCIM knows, by their names in lower case; others are passed over.

    Raises ``InvalidFilter`` for two filters, as obeying one of them widens the other, and ``InvalidValue`` for two
    of another parameter. Lists of attributes are added up: HTTP libraries send a list as
    ``attributes=userName&attributes=title``. Percent-escapes that are not UTF-8 (an older client escapes in its own
    code page) are refused likewise: read as something else they find nobody, and the client creates whom it has.
    """
    _refuse_other_encodings(request.META.get("QUERY_STRING", ""))
    found: dict[str, list[str]] = {}
    for name, values in request.query_params.lists():
        if name.lower() in _READ:
            found.setdefault(name.lower(), []).extend(values)
    for name, values in found.items():
        if len(values) > 1 and name not in _NAME_LISTS:
            raise _refusal(name, f"The parameter {name} is given {len(values)} times; send it once.")
    return {name: ",".join(values) for name, values in found.items()}


def _refuse_other_encodings(query: str) -> None:
    if _BEYOND_ASCII.search(query) is None:
        return
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        try:
            unquote_plus(value, errors="strict")
        except UnicodeDecodeError:
            name = unquote_plus(name).lower()
            if name in _READ:
                raise _refusal(name, f"The percent-escapes of the parameter {name} are not UTF-8.") from None


def _refusal(name: str, detail: str) -> SCIMError:
    return InvalidFilter(detail) if name == "filter" else InvalidValue(detail)
