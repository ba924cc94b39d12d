"""What an identity provider makes of an answer: a person in step, one to be retried, or a job that is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scim_provisioning.protocol.constants import LIST_RESPONSE, MEDIA_TYPE
from scim_provisioning.testing.simulators import documents
from scim_provisioning.testing.simulators.directory import MANAGER
from scim_provisioning.testing.simulators.exchange import Answer


def verdict_on(answer: Answer, expected: tuple[int, ...], *, essential: bool) -> tuple[str, str]:
    """Return (what is wrong, "retry" or "quarantine"), or two empty texts for an answer that is as expected.

    essential: the request is one that a working endpoint answers with 200 whatever is in its directory, so
    that a 404 means a wrong URL.
    """
    if answer.status == 0:
        return f"no answer: {answer.body.decode(errors='replace')}", "retry"
    if answer.status == 401:
        return f"credentials refused{_said(answer)}", "quarantine"
    if answer.body and answer.media_type != MEDIA_TYPE:
        return f"status {answer.status} as {answer.media_type or 'nothing'}, not {MEDIA_TYPE}", "quarantine"
    if answer.body and answer.json() is None:
        return f"status {answer.status} with a body that is not JSON", "quarantine"
    if answer.status in expected:
        return "", ""
    if 300 <= answer.status < 400 or (essential and answer.status == 404):
        return f"status {answer.status} where {expected[0]} was due{_said(answer)}", "quarantine"
    return f"status {answer.status}, expected {' or '.join(map(str, expected))}{_said(answer)}", "retry"


def found_in(answer: Answer) -> list[dict[str, Any]]:
    """Return the resources of a ListResponse; whatever is not an object is left out."""
    resources = answer.resource.get("Resources")
    return [item for item in resources if isinstance(item, dict)] if isinstance(resources, list) else []


def list_fault(answer: Answer, *, nobody: bool, attribute: str = "", value: str = "") -> str:
    """Return what is wrong with the answer to a look-up, "" if nothing is.

    nobody: the value was made up, so anything found means that the filter was ignored.
    """
    body = answer.resource
    if LIST_RESPONSE not in (body.get("schemas") or []):
        return "not a ListResponse"
    total, found = body.get("totalResults"), found_in(answer)
    if type(total) is not int:
        return "totalResults is not a number"
    if total != len(found):
        return f"totalResults is {total}, with {len(found)} resources"
    if nobody and total:
        return f"{total} found where nobody can be"
    if total > 1:
        return f"{total} found where one is allowed: duplicate target entries"
    for resource in found:
        if not isinstance(resource.get("id"), str):
            return "a resource without id"
        if attribute and not same(attribute, value, documents.read(resource, attribute)):
            return f"a look-up by {attribute} found somebody whose {attribute} is another"
    return ""


def page_fault(answer: Answer, *, start: int, count: int, before: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return what is wrong with one page of a list, "" if nothing is.

    before: the people of the earlier pages; nobody may come twice, or somebody else was passed over.
    """
    body = answer.resource
    if LIST_RESPONSE not in (body.get("schemas") or []):
        return "not a ListResponse"
    found = found_in(answer)
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        if type(body.get(name)) is not int:
            return f"{name} is not a number"
    if body["itemsPerPage"] != len(found) or len(found) > count:
        return f"itemsPerPage is {body['itemsPerPage']}, with {len(found)} resources where {count} were asked for"
    if body["startIndex"] != start:
        return f"startIndex is {body['startIndex']}, asked for {start}"
    if not found and body["totalResults"] >= start:
        return f"an empty page at {start} of {body['totalResults']}"
    known = {user.get("id") for user in before}
    if any(user.get("id") in known for user in found):
        return "somebody of an earlier page comes again: the order is not stable"
    return ""


def echo_fault(user: Mapping[str, Any], sent: Mapping[str, str | bool]) -> str:
    """Return what a returned user lacks of what was sent; each would be sent again in every cycle."""
    if not isinstance(user.get("id"), str) or not user["id"]:
        return "the answer has no id: the link to this person is lost"
    faults = []
    for path, value in sent.items():
        held = documents.read(user, path)
        if not same(path, value, held):
            faults.append(f"{path} is {held!r}, sent {value!r}")
    return "; ".join(faults)


def same(path: str, sent: str | bool, held: Any) -> bool:
    """Whether Entra takes the two for equal: user names in any case, managers by id, the rest exactly."""
    if path == MANAGER:
        return manager_of(held) == sent
    if path == "userName" and isinstance(held, str) and isinstance(sent, str):
        return held.casefold() == sent.casefold()
    return type(held) is type(sent) and bool(held == sent)


def manager_of(held: Any) -> str | None:
    """Return the id in a returned manager. Text in place of an object, on which Entra fails, is none."""
    value = held.get("value") if isinstance(held, Mapping) else None
    return value if isinstance(value, str) else None


def _said(answer: Answer) -> str:
    detail = answer.resource.get("detail")
    return f": {detail}" if detail else ""
