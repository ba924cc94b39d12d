"""Bearer tokens, which django-scim2 leaves to its host: one indexed query, as on the floor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from benchmarks.comparing.peer.models import Token


class Holder:
    """Whoever holds a token of ours."""

    is_authenticated = True


class TokenMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        plaintext = request.headers.get("Authorization", "").removeprefix("Bearer ")
        digest = hashlib.sha256(plaintext.encode()).hexdigest()
        if Token.objects.filter(digest=digest).first() is not None:
            request.user = Holder()
        return self._get_response(request)
