"""Default managers that leave people out: how somebody returns has to be written somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import models

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner
from scim_provisioning.checks import faults
from tests.checks.mending import Host

if TYPE_CHECKING:
    from pytest_django import Settings

WITHIN = {"organization_id": 1}
TITLE = scim.Text("title", "learner.job_role")


@pytest.fixture
def host(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(settings, monkeypatch, rows={"learner": scim.RelatedRow(Learner, within=WITHIN)})


class Hiding(models.Manager[Any]):
    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(pk__gt=0)


def hide(model: type[models.Model], monkeypatch: pytest.MonkeyPatch) -> None:
    hiding = Hiding()
    hiding.model = model
    monkeypatch.setattr(model._meta, "default_manager", hiding)


@pytest.mark.parametrize("written", ["", "restore", "all_accounts"])
def test_a_default_manager_that_hides_accounts(
    written: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(get_user_model(), monkeypatch)
    members = {written: lambda self, account: None} if written else {}
    messages = host.messages(mapping=[scim.Text("name.givenName", "first_name")], **members)
    assert [message.id for message in messages] == ([] if written else [faults.ACCOUNTS_ARE_HIDDEN.id])
    assert written or "The default manager of auth.User (Hiding) leaves accounts out" in messages[0].msg
    assert written or "restore(self, account)" in str(messages[0].hint)


@pytest.mark.parametrize(
    ("members", "is_said"),
    [
        ({}, True),
        ({"restore": lambda self, account: None}, False),
        ({"save": lambda self: None}, False),
        ({"mapping": [scim.Switch("learner.job_role", on="in", off="out")]}, False),
        ({"mapping": [scim.Text("name.givenName", "first_name")]}, False),
    ],
)
def test_a_default_manager_that_hides_profiles(
    members: dict[str, Any], is_said: bool, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(Learner, monkeypatch)
    messages = host.messages(**{"mapping": [TITLE], **members})
    assert [message.id for message in messages] == [faults.ROWS_ARE_HIDDEN.id] * is_said
    if is_said:
        assert "The default manager of lms.Learner (Hiding) leaves rows out" in messages[0].msg
        assert 'or map active to what hides it: scim.OffSince("learner.deleted_at")' in str(messages[0].hint)


@pytest.mark.parametrize("members", [{}, {"restore": lambda self, account: None}])
def test_a_row_of_which_an_account_may_have_several_is_not_found_once_it_is_hidden(
    members: dict[str, Any], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So `restore`, which is called for rows that are found, is of no help."""
    hide(Learner, monkeypatch)
    key = Learner._meta.get_field("user")
    monkeypatch.setattr(key, "one_to_one", False)
    monkeypatch.setattr(key, "many_to_one", True)
    (message,) = host.messages(mapping=[TITLE], **members)
    assert message.id == faults.ROWS_ARE_HIDDEN.id
    assert "gets a second one, or is refused as a duplicate" in message.msg
    assert "Meta.default_manager_name of lms.Learner" in str(message.hint)
