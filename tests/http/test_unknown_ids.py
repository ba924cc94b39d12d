"""An id that names nobody, and is no id of ours at all, is 404 and nothing else."""

from __future__ import annotations

import logging

import pytest

from tests.client import ScimClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("verb", ["get", "patch", "put", "delete"])
def test_an_id_that_is_none_is_404_and_no_alarm(
    scim: ScimClient, caplog: pytest.LogCaptureFixture, verb: str
) -> None:
    body = {"patch": ([{"op": "replace", "path": "title", "value": "x"}],), "put": ({"userName": "x"},)}
    with caplog.at_level(logging.ERROR, logger="scim_provisioning"):
        assert getattr(scim, verb)("/Users/abc", *body.get(verb, ())).status_code == 404
    assert [record.getMessage() for record in caplog.records if record.name == "scim_provisioning"] == []
