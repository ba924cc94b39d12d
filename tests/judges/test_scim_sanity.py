"""scim-sanity's probe against the running example."""

from __future__ import annotations

import pytest
from scim_sanity.probe.runner import run_probe_api

pytestmark = pytest.mark.django_db(transaction=True)

#: What the probe leaves out because the server does not say that it has it. Nothing else may be skipped.
NOT_SERVED = {
    "Group CRUD Lifecycle",
    "Agent CRUD Lifecycle",
    "AgenticApplication CRUD Lifecycle",
    "Agent Rapid Lifecycle",
}


def test_the_probe_finds_no_failure_and_has_no_warning(tenant_url: str, token: str) -> None:
    report = run_probe_api(tenant_url, token=token, strict=True)

    others = {r["name"]: r for r in report["results"] if r["status"] != "pass"}
    assert others.keys() == NOT_SERVED, others
    assert report["exit_code"] == 0
    assert report["summary"]["passed"] >= 18
