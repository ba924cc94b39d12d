"""What a failure leaves behind outside the provisioning log: tracebacks, error mails, Django's error page.

An exception carries its frames, and each frame the variables that it had: the body with a password in it, the
learner, the answer. Error mails with ``include_html``, Django's page with ``DEBUG`` and services such as Sentry all
show them, the host's frames as well as ours. No list of sensitive names can be complete, so the frames are emptied.
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterator, Mapping
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, QueryDict
from django.views.debug import SafeExceptionReporterFilter

from scim_provisioning.databases.words import without_values as without_row_values
from scim_provisioning.events.redaction import mask_tokens

if TYPE_CHECKING:
    from logging import Logger

#: What a report may show of a request's headers and environment. The query string, cookies and addresses are not here.
_SHOWN_META: Final = frozenset(
    {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_ACCEPT", "HTTP_HOST", "HTTP_USER_AGENT", "HTTP_X_REQUEST_ID"}
    | {"REQUEST_METHOD", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme"}
)
#: Shorter texts ("en", "GB") are parts of too many words to be taken out of a sentence.
_SHORTEST: Final = 3
#: Members whose values are SCIM's own words: no person's, and found in many a sentence.
_WORDS_OF_SCIM: Final = frozenset({"schemas", "op", "type", "method", "bulkid", "version"})
_QUOTED: Final = re.compile(r'"([^"]+)"')
_LEFT_OUT: Final = "…"
#: Exceptions of a chain that are looked at; a chain may be a circle.
_CHAIN: Final = 50


class QuietReporterFilter(SafeExceptionReporterFilter):
    """Django's filter, made to work with ``DEBUG`` too: an error report shows where, and nothing that was sent.

    Django's own is switched off in ``DEBUG``: its error page then shows POST data and the variables of every
    frame. For requests of ours: ``keep_quiet``.
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        """Always."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """The names that a form had, without what was typed. A body that is no form is not read for it."""
        if request is None or "_post" not in request.__dict__:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        """What tells a developer which kind of request it was."""
        return {name: value for name, value in request.META.items() if name in _SHOWN_META}

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        """Their names."""
        return dict.fromkeys(request.COOKIES, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """The names of a frame's variables, without what they held."""
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()


def keep_quiet(request: HttpRequest) -> None:
    """From now on no error report of this request shows what was sent, typed or held in a variable."""
    request.exception_reporter_filter = QuietReporterFilter()


def forget_query(request: HttpRequest) -> None:
    """A mail about a request that failed writes out its query string, which no filter is asked about: a filter
    of SCIM's holds a person's name."""
    request.GET = QueryDict()
    request.META["QUERY_STRING"] = ""


def failure(
    logger: Logger, message: str, *args: object, exception: BaseException, sent: object = None
) -> None:
    """Log a failure with its traceback, at the level of an error; without anything that the request brought.

    ``sent`` is a JSON value or raw bytes: whatever text of it the exceptions repeat is left out of their messages.
    """
    bare = without_values(exception, sent)
    logger.error(message, *args, exc_info=bare)


def without_values(exception: BaseException, sent: object = None) -> BaseException:
    """``exception`` to be shown to people who run the server: the same lines of code, no variable, nothing sent.

    The frames that led to it are emptied, so call it when all of them are done. It is another exception of the
    same name when the message, a note or a cause repeats something of ``sent``, or a token.
    """
    mention = _mention(sent)
    for link in _chain(exception):
        _empty(link)
    texts = "\n".join(_texts(link) for link in _chain(exception))
    # Django writes out the text around a character that could not be encoded.
    repeats = (mention and mention.search(texts)) or any(
        isinstance(link, UnicodeError) for link in _chain(exception)
    )
    if without_row_values(mask_tokens(texts)) == texts and not repeats:
        return exception
    return _stand_in(exception, mention, {})


def _chain(exception: BaseException) -> Iterator[BaseException]:
    """The exception, its causes, contexts and members, each once."""
    pending, seen = [exception], set[int]()
    while pending and len(seen) < _CHAIN:
        found = pending.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        pending += [other for other in (found.__cause__, found.__context__) if other is not None]
        if isinstance(found, BaseExceptionGroup):
            pending += found.exceptions


def _empty(exception: BaseException) -> None:
    """Forget the variables of every frame of its traceback. A frame that still runs cannot be emptied: it is left
    out, and was only a way into the one that failed."""
    kept: list[TracebackType] = []
    entry = exception.__traceback__
    while entry is not None:
        try:
            entry.tb_frame.clear()
        except RuntimeError:
            pass
        else:
            kept.append(entry)
        entry = entry.tb_next
    chain: TracebackType | None = None
    for entry in reversed(kept):
        chain = TracebackType(chain, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    exception.__traceback__ = chain


def _texts(exception: BaseException) -> str:
    return "\n".join([_said(exception), *getattr(exception, "__notes__", ())])


def _said(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:
        # A host's exception may fail at this too.
        return ""


def _stand_in(
    exception: BaseException, mention: re.Pattern[str] | None, made: dict[int, BaseException]
) -> BaseException:
    """An exception of the same name and place that says the same without what was sent."""
    if id(exception) in made:
        return made[id(exception)]
    kind = type(exception)
    named = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    other: BaseException = type(kind.__name__, (Exception,), named)(_cut(_said(exception), mention))
    made[id(exception)] = other
    for note in getattr(exception, "__notes__", ()):
        other.add_note(_cut(str(note), mention))
    other.__traceback__ = exception.__traceback__
    for name in ("__cause__", "__context__"):
        reason = getattr(exception, name)
        if reason is not None and len(made) < _CHAIN:
            setattr(other, name, _stand_in(reason, mention, made))
    other.__suppress_context__ = exception.__suppress_context__
    return other


def _cut(text: str, mention: re.Pattern[str] | None) -> str:
    masked = without_row_values(mask_tokens(text))
    return mention.sub(_LEFT_OUT, masked) if mention else masked


def _mention(sent: object) -> re.Pattern[str] | None:
    """What matches any text of a body, in whatever case it is repeated; None when there is none."""
    words = {text.strip() for text in _strings(sent)}
    words = {word for word in words if len(word) >= _SHORTEST and word.casefold() not in ("true", "false")}
    if not words:
        return None
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        # Python's own sentences repeat a text as it would be written in code.
        yield repr(value)[1:-1]
        # A filter or a path is a text with values in it.
        yield from _QUOTED.findall(value)
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if str(name).casefold() not in _WORDS_OF_SCIM:
                yield from _strings(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _strings(member)
