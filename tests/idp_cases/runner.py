"""Plays one case of ``cases.json``: set-up requests, the request in question, then read-backs.

A case starts from an empty directory. ``{{name}}`` stands for a value that a set-up step saved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CASES = Path(__file__).with_name("cases.json")

Answer = tuple[int, dict[str, str], bytes]
Send = Callable[[str, str, dict[str, str], bytes | None], Answer]

_DEFAULT_HEADERS = {
    "Accept": "application/scim+json",
    "Content-Type": "application/scim+json; charset=utf-8",
}
_STEP = re.compile(
    r"""\.(?P<key>[A-Za-z$_][\w$-]*)|\['(?P<quoted>[^']+)'\]|\[(?P<index>\d+)\]"""
    r"""|\[\?(?P<name>[\w$]+)==(?P<value>"[^"]*"|true|false|\d+)\]"""
)
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_TYPES: dict[str, Any] = {
    "string": str,
    "array": list,
    "object": dict,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def load() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(CASES.read_text("utf-8"))
    return cases


def as_text(cases: list[dict[str, Any]]) -> str:
    """What ``cases.json`` holds for these cases: one a line, so that a change shows which case it is about."""
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    return f"[\n{lines}\n]\n"


def play(case: dict[str, Any], send: Send, token: str) -> list[str]:
    """The complaints about one case; empty when everything was as expected."""
    known = {"token": token}
    for number, step in enumerate(case["setup"]):
        status, _, body = _request(step, send, known)
        if status not in step.get("allow_status", [200, 201, 204]):
            return [f"setup[{number}]: {status} {body[:300]!r}"]
        for name, path in step.get("save", {}).items():
            known[name] = select(json.loads(body), path)[0]
    complaints = list(_complaints(case["expect"], _request(case["request"], send, known), known))
    for number, step in enumerate(case.get("then", [])):
        answer = _request(step["request"], send, known)
        complaints += [f"then[{number}]: {text}" for text in _complaints(step["expect"], answer, known)]
    return complaints


def select(document: Any, path: str) -> list[Any]:
    """The nodes that ``$.a.b``, ``$['urn:x'].a``, ``$.a[0]`` or ``$.a[?type=="work"].value`` names."""
    found, position = [document], 1
    while position < len(path):
        step = _STEP.match(path, position)
        assert step, f"cannot read {path!r} at {position}"
        found = [node for parent in found for node in _children(parent, step)]
        position = step.end()
    return found


def _children(parent: Any, step: re.Match[str]) -> Iterator[Any]:
    if step["index"] is not None:
        if isinstance(parent, list) and int(step["index"]) < len(parent):
            yield parent[int(step["index"])]
    elif step["name"]:
        wanted = json.loads(step["value"])
        for item in parent if isinstance(parent, list) else []:
            have = item.get(step["name"]) if isinstance(item, dict) else None
            if have == wanted or (isinstance(have, str) and have.lower() == str(wanted).lower()):
                yield item
    elif isinstance(parent, dict) and (step["key"] or step["quoted"]) in parent:
        yield parent[step["key"] or step["quoted"]]


def holds(found: list[Any], op: str, value: Any) -> bool:
    """Whether an assertion of a case holds for the nodes that its path selected."""
    several: dict[str, Callable[[], bool]] = {
        "absent": lambda: all(node in _EMPTY for node in found),
        "exists": lambda: any(node not in _EMPTY for node in found),
        "count": lambda: len(found) == value,
        "ne": lambda: not any(node == value and type(node) is type(value) for node in found),
    }
    if op in several:
        return several[op]()
    if len(found) != 1:
        return op == "not_contains" and not found
    one = found[0]
    single: dict[str, Callable[[], bool]] = {
        "len": lambda: isinstance(one, list) and len(one) == value,
        "eq": lambda: one == value and isinstance(one, bool) == isinstance(value, bool),
        "ieq": lambda: str(one).lower() == str(value).lower(),
        "one_of": lambda: one in value,
        "gte": lambda: one >= value,
        "lte": lambda: one <= value,
        "contains": lambda: value in one,
        "icontains": lambda: str(value).lower() in str(one).lower(),
        "not_contains": lambda: value not in one,
        "matches": lambda: re.search(value, str(one)) is not None,
        "type": lambda: isinstance(one, _TYPES[value]) and (value == "boolean" or not isinstance(one, bool)),
    }
    return single[op]()


def _request(step: dict[str, Any], send: Send, known: dict[str, str]) -> Answer:
    step = _filled(step, known)
    headers = {"Authorization": f"Bearer {known['token']}", **_DEFAULT_HEADERS, **(step.get("headers") or {})}
    body = None
    if "body_raw" in step:
        body = step["body_raw"].encode()
    elif "body" in step:
        body = json.dumps(step["body"], ensure_ascii=False).encode()
    status, answered, content = send(
        step["method"], step["path"], {name: text for name, text in headers.items() if text is not None}, body
    )
    return status, {name.lower(): text for name, text in answered.items()}, content


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{\{(\w+)\}\}", lambda name: known[name[1]], value)
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if isinstance(value, dict):
        return {_filled(key, known): _filled(item, known) for key, item in value.items()}
    return value


def _complaints(expected: dict[str, Any], answer: Answer, known: dict[str, str]) -> Iterator[str]:
    expected, (status, headers, body) = _filled(expected, known), answer
    text = body.decode("utf-8", "replace")
    if status not in expected["status"]:
        yield f"status {status}, wanted {expected['status']}: {text[:300]}"
        return
    for name, op, value in expected.get("headers", []):
        if not holds([headers[name.lower()]] if name.lower() in headers else [], op, value):
            yield f"header {name} {op} {value!r}: {headers.get(name.lower())!r}"
    yield from (f"body lacks {part!r}" for part in expected.get("body_contains", []) if part not in text)
    yield from (f"body has {part!r}" for part in expected.get("body_not_contains", []) if part in text)
    if expected.get("body_empty") and body:
        yield "body is not empty"
    # Where an error is one of the allowed answers, what is said of the resource does not apply to it.
    if status == 204 or (status >= 400 and min(expected["status"]) < 300):
        return
    for path, op, value in expected.get("json_path") or []:
        found = select(json.loads(text), path)
        if not holds(found, op, value):
            yield f"{path} {op} {value!r}: found {found!r}"
