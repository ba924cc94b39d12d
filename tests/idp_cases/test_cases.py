"""Every request case of the identity providers, each against an empty directory."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.hosts.current import spelled
from tests.idp_cases import runner

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

# This one describes a server without bulk; ours has it (tests/http/test_bulk.py).
CASES = [case for case in runner.load() if case["id"] != "rfc-bulk-unsupported"]


def test_the_file_holds_one_case_a_line_and_each_id_once() -> None:
    cases = runner.load()
    assert runner.CASES.read_text("utf-8") == runner.as_text(cases), "Run python -m tests.idp_cases"
    assert len({case["id"] for case in cases}) == len(cases)


def send_with(client: Client) -> runner.Send:
    """Send through Django's handler stack: middleware, routing and views, without a socket."""

    def send(method: str, path: str, headers: dict[str, str], body: bytes | None) -> runner.Answer:
        content_type = headers.pop("Content-Type", "")
        response = client.generic(
            method, f"/scim/v2{path.replace(chr(34), '%22')}", body or b"", content_type, headers=headers
        )
        return response.status_code, dict(response.headers), response.content

    return send


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_identity_provider_gets_the_answer_it_needs(case: dict[str, Any], token: str) -> None:
    complaints = runner.play(spelled(case), send_with(Client()), token)

    assert complaints == [], case["why"]
