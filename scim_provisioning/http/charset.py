"""A ``Content-Type`` with a charset: Django decodes the query with it while it makes the request, before any middleware
and any view. What it raises there is answered by nobody but the server, with 500: where the charset is none of text
(``hex``), or where there are more parameters than it reads.

So the charset is taken off a request to one of our paths. Its body is UTF-8 in any case, and so is a query.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from django.conf import settings
from django.urls import NoReverseMatch, reverse

Described = MutableMapping[str, Any]

#: What nearly everybody sends, as it is written once case and spaces are left out.
_USUAL: Final = "charset=utf-8"


def take_charset_off(
    sender: object, environ: Described | None = None, scope: Described | None = None, **_more: object
) -> None:
    """A receiver of ``request_started``, by WSGI or by ASGI."""
    if environ is not None:
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        said = environ.get("CONTENT_TYPE", "")
        if _is_in_the_way(said, environ.get("QUERY_STRING", "").count("&")) and _is_ours(path):
            environ["CONTENT_TYPE"] = said.partition(";")[0]
    if scope is not None:
        said = b";".join(value for name, value in scope["headers"] if name.lower() == b"content-type")
        separators = scope.get("query_string", b"").count(b"&")
        if _is_in_the_way(said.decode("latin-1"), separators) and _is_ours(scope.get("path", "")):
            scope["headers"] = [
                (name, value.partition(b";")[0] if name.lower() == b"content-type" else value)
                for name, value in scope["headers"]
            ]


def _is_in_the_way(content_type: str, separators: int) -> bool:
    """Whether a charset could be; told without a look at where our paths are, as every request of the host's asks."""
    parameters = content_type.partition(";")[2]
    if not parameters:
        return False
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    return parameters.strip().lower() != _USUAL or (most is not None and separators >= most)


def _is_ours(path: str) -> bool:
    try:
        root = reverse("scim_provisioning:root")
    except NoReverseMatch:
        return False
    return path.startswith(root.rstrip("/"))
