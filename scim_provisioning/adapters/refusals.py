"""What a host raises to refuse a change: ``scim.Refuse``, and what Django's own refusals mean in SCIM.

Anything else that host code raises is its failure, not its refusal: 500, without a word of it to the client. The
one function that decides is ``http.errors.scim_error``; the page for hosts is ``docs/errors.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.utils import translation

from scim_provisioning.protocol.errors import SCIMError, Uniqueness

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: What RFC 7644 table 9 calls a refusal of these statuses, unless the host says otherwise.
_SCIM_TYPES: Mapping[int, str] = {HTTPStatus.BAD_REQUEST: "invalidValue", HTTPStatus.CONFLICT: "uniqueness"}
_TAKEN = frozenset({"unique", "unique_together"})


class Refuse(SCIMError):
    """The host's own refusal: raise it from a hook, an override, ``save()`` or a signal, and nothing is changed.

    ``detail`` is what the identity provider shows to its administrator: name the attribute, say what to do, and
    keep other people's data out of it. ``status`` is any 4xx, or 503 for "later" (with ``retry_after``, seconds or
    a ``timedelta``). ``scim_type`` is a keyword of RFC 7644 table 9; 400 has ``invalidValue`` and 409
    ``uniqueness`` by default. ``code`` and ``params`` are for the provisioning log: a code of the error catalogue
    brings its cause and advice, and ``params`` are the facts that fill them; neither leaves the server.

    Raises ``ValueError`` where it is made, for a status that no refusal has or a sentence that is missing.
    """

    def __init__(
        self,
        detail: StrOrPromise,
        *,
        status: int = 400,
        scim_type: str | None = None,
        code: str | None = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        retry_after: int | timedelta | None = None,
    ) -> None:
        if not str(detail).strip():
            raise ValueError("A refusal needs a sentence for the identity provider's administrator.")
        if not 400 <= status < 500 and status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise ValueError(f"A refusal has a status of 400 to 499, or 503; {status} is none.")
        super().__init__(str(detail), code=code, params=params, headers=headers)
        self.status = int(status)
        self.scim_type = scim_type or _SCIM_TYPES.get(self.status)
        if retry_after is not None:
            seconds = retry_after.total_seconds() if isinstance(retry_after, timedelta) else retry_after
            self.headers["Retry-After"] = str(max(0, round(seconds)))


def hidden_account(params: Mapping[str, object]) -> Uniqueness:
    """The 409 for a person whose account the host has deleted softly and does not bring back."""
    return Uniqueness(
        "This account was deleted in the application. It has to be restored, or removed for good, there.",
        code="user.hidden",
        params=params,
    )


def of_permission_denied(error: PermissionDenied, params: Mapping[str, object]) -> Refuse:
    """Django's ``PermissionDenied``: 403 with its own words."""
    with translation.override("en"):
        words = " ".join(str(argument) for argument in error.args).strip()
    return Refuse(words or SCIMError.default_detail, status=403, params=params)


def of_validation_error(
    error: ValidationError, attributes: Mapping[str, str], params: Mapping[str, object]
) -> Refuse:
    """Django's ``ValidationError``: 400 ``invalidValue`` with its messages, each behind what it is about.

    ``attributes`` gives the SCIM path of a field's name; another field keeps its own. Where all that is wrong is
    that somebody else has the value (Django's ``validate_unique``), it is 409 ``uniqueness``.
    """
    # Django's own messages are lazy: identity providers are told everything in one language.
    with translation.override("en"):
        said = [(attributes.get(field, field), " ".join(words)) for field, words in _messages(error)]
    detail = " ".join(words if name == NON_FIELD_ERRORS else f"{name}: {words}" for name, words in said)
    named = [name for name, _ in said if name != NON_FIELD_ERRORS]
    facts = {**params, **({"attribute": named} if named else {})}
    if _codes(error) and _codes(error) <= _TAKEN:
        return Refuse(detail, status=409, code="user.value_taken", params=facts)
    return Refuse(detail.strip() or SCIMError.default_detail, params=facts)


def _messages(error: ValidationError) -> Iterator[tuple[str, list[str]]]:
    if hasattr(error, "error_dict"):
        yield from error.message_dict.items()
    else:
        yield NON_FIELD_ERRORS, error.messages


def _codes(error: ValidationError) -> set[str | None]:
    if hasattr(error, "error_dict"):
        leaves = [leaf for listed in error.error_dict.values() for leaf in listed]
    else:
        leaves = error.error_list
    return {leaf.code for leaf in leaves}
