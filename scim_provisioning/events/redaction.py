"""What may be written down of what was said: no secret, nothing that breaks a log, nothing endless.

Secrets are dropped before anything is stored: members whose name says that they hold one (``password``, ``pin``,
``apiKey`` and their kin, an extension's too), the values of PATCH operations that aim at one, and whatever looks like
one of our tokens, whole or mangled, wherever it stands. The rest is kept: it is what the log is for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final

from scim_provisioning import moments
from scim_provisioning.models.token import TOKEN_PREFIX, display
from scim_provisioning.protocol import json_text

PAYLOAD_BYTES: Final = 32 * 1024
# Deeper than any body the reader lets in; MariaDB refuses a JSON column of more than 32 levels.
_DEPTH: Final = 24

NOT_KEPT: Final = "[not kept: it may hold a password or the like, and could not be read]"

# With the mark of a token that is shortened already.
_TOKEN: Final = re.compile(rf"{TOKEN_PREFIX}([0-9A-Za-z]*)…?", re.IGNORECASE)
# Anywhere in a name ("secretary" is none); the short ones as words of their own: "doorPin", "pin_code", no "shipping".
_SECRET: Final = re.compile(
    r"(?i:pass[\W_]*(?:word|wd|phrase|code)|secret(?!ar)|token|credential|(?:api|access|private)[\W_]*key)"
    r"|(?:(?<![A-Za-z])(?i:pin|t?otp)|(?<=[a-z])(?:Pin|PIN|T?OTP|T?otp|Totp|Otp))(?i:s|codes?)?(?![a-z])"
)
# Hardly any name or message has one of these in it, and then it need not be looked at closely.
_HINTS: Final = ("pass", "secret", "token", "credential", "key", "pin", "otp")
_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")

# Control characters, line and paragraph separators, direction overrides, halves of surrogate pairs: they
# forge lines in a log file, turn text around on a screen, or cannot be stored at all.
_DIRECTIONS: Final = "\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL: Final = re.compile(f"[\x00-\x1f\x7f-\x9f{_DIRECTIONS}]")
_CONTROL_EXCEPT_LAYOUT: Final = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_DIRECTIONS}]")
#: What of a path stands in brackets, to its end where they are not closed: values, often.
BRACKETS: Final = re.compile(r'\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*(?:\]|$|".*)')
_WRITER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
# PostgreSQL stores neither in JSON or text.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def text(value: object, length: int) -> str:
    """One line of text for a column of ``length`` characters: tokens masked, control characters escaped."""
    written = str(value)
    return (written if _is_harmless(written) else _CONTROL.sub(_escape, mask_tokens(written)))[:length]


def mask_tokens(value: str) -> str:
    """``value`` with everything that looks like one of our tokens shortened to ``lmsscim_r8fe…``."""
    return _TOKEN.sub(lambda found: display(found[1]), value)


def json_safe(value: object, depth: int = 0) -> Any:
    """``value`` as JSON can hold it on every database, without secrets. Never raises."""
    if value.__class__ is str:
        return _string(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        # NaN and the infinities are no JSON: MariaDB and PostgreSQL refuse them.
        return value if value - value == 0 else str(value)
    if depth > _DEPTH:
        return "…"
    if isinstance(value, (dict, Mapping)):
        return _object(value, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_safe(element, depth + 1) for element in value]
    if isinstance(value, datetime):
        return moments.aware(value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return _string(value.decode(errors="replace") if isinstance(value, bytes) else str(value))


def payload(value: object) -> tuple[str, bool]:
    """One side of an exchange as text, and whether it was cut at 32 KB (always between two characters).

    ``value`` is a JSON value, or raw bytes that did not parse; None gives an empty text.
    """
    if value is None:
        return "", False
    if isinstance(value, bytes | bytearray | memoryview):
        written = _unparsed(bytes(value))
    else:
        plain = _plain_text(value, _quickly_written)
        written = _WRITER.encode(json_safe(value)) if plain is None else plain
    if not written.isprintable():
        written = _CONTROL_EXCEPT_LAYOUT.sub(_escape, written)
    encoded = written.encode()
    if len(encoded) <= PAYLOAD_BYTES:
        return written, False
    return encoded[:PAYLOAD_BYTES].decode(errors="ignore"), True


def plain(value: Mapping[str, Sequence[object]]) -> str | None:
    """``value`` as JSON where ``json_safe`` has nothing to change, as nothing of it is secret or to be escaped; else
    None."""
    return _plain_text(value, beside=len(value))


def _plain_text(
    value: object, write: Callable[[object], str] = _WRITER.encode, *, beside: int = 0
) -> str | None:
    """``value`` as JSON, where nothing of it has to be masked, dropped or escaped, as of nearly everything: the text as
    a whole tells that sooner than member by member. None where it has to be looked at closely. So many lists are known
    to stand ``beside`` one another."""
    try:
        written = write(value)
    except (TypeError, ValueError, RecursionError):
        return None
    is_harmless = (
        _is_harmless(written)
        and "\\u" not in written
        and not _names_secret(written)
        # However they stand in one another.
        and written.count("{") + written.count("[") - beside <= _DEPTH
    )
    return written if is_harmless else None


def _quickly_written(value: object) -> str:
    text = json_text.quickly(value)
    # What is no number becomes null there.
    return _WRITER.encode(value) if text is None or "null" in text else text


def is_secret(name: object) -> bool:
    """Whether an attribute of this name or path holds a secret, whatever its case or prefix."""
    return isinstance(name, str) and _is_secret_name(name)


@lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    # Nearly always one of the few that the schema has.
    return _names_secret(name)


def _names_secret(written: str) -> bool:
    folded = written.casefold()
    return any(hint in folded for hint in _HINTS) and _SECRET.search(written) is not None


def _object(value: Mapping[Any, object], depth: int) -> dict[str, Any]:
    # Okta sends a password as a member of the body, others as an operation with "path": "password".
    aims_at_secret = any(is_secret(member) for key, member in value.items() if str(key).casefold() == "path")
    return {
        _string(name): json_safe(_without_values(name, member) if aims_at_secret else member, depth + 1)
        for name, member in ((str(key), member) for key, member in value.items())
        if not is_secret(name) and not (aims_at_secret and name.casefold() == "value")
    }


def without_values(path: str) -> str:
    """A path without what stands in its brackets."""
    return BRACKETS.sub("[]", path)


def _without_values(name: str, member: object) -> object:
    return without_values(member) if isinstance(member, str) and name.casefold() == "path" else member


def _is_harmless(value: str) -> bool:
    """Whether nothing has to be masked or escaped: there is no token without its underscore."""
    return "_" not in value and value.isprintable()


def _string(value: str) -> str:
    # Some clients put a whole JSON object into a string (roles, and the value of a PATCH operation).
    if value.lstrip()[:1] in ("{", "[") and _names_secret(value):
        return NOT_KEPT
    if _is_harmless(value):
        return value
    return _UNSTORABLE.sub(_escape, mask_tokens(value))


def _unparsed(raw: bytes) -> str:
    # What is not JSON cannot be redacted member by member, so one mention of a secret costs all of it.
    written = raw.decode(errors="replace")
    plain = _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), written)
    return NOT_KEPT if _names_secret(plain) else mask_tokens(written)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
