"""More parameters than Django reads, beside a ``Content-Type`` with a charset: Django reads them while it makes the
request, before any middleware and any view, and what it raises there is answered by nobody but the server, with 500.

So the charset is taken off such a request to one of our paths. Its body is UTF-8 in any case, and the view says 400.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse

Described = MutableMapping[str, Any]


def take_charset_off(
    sender: object, environ: Described | None = None, scope: Described | None = None, **_more: object
) -> None:
    """A receiver of ``request_started``, by WSGI or by ASGI."""
    if environ is not None:
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        if _are_too_many(environ.get("QUERY_STRING", "").count("&")) and _is_ours(path):
            environ["CONTENT_TYPE"] = environ.get("CONTENT_TYPE", "").partition(";")[0]
    if scope is not None:
        path = scope.get("path", "")
        if _are_too_many(scope.get("query_string", b"").count(b"&")) and _is_ours(path):
            scope["headers"] = [
                (name, value.partition(b";")[0] if name.lower() == b"content-type" else value)
                for name, value in scope["headers"]
            ]


def _are_too_many(separators: int) -> bool:
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    return most is not None and separators >= most


def _is_ours(path: str) -> bool:
    try:
        root = reverse("scim_provisioning:root")
    except NoReverseMatch:
        return False
    return path.startswith(root.rstrip("/"))
