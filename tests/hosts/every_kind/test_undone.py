"""An adoption undone brings back fields of every kind: numbers, dates, several references, keys of JSON columns."""

from __future__ import annotations

import json

import pytest
from django.db.models.signals import m2m_changed, post_save, pre_save

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import adoption
from scim_provisioning.administration.adoption import Directory, undoing
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning.undoing import kept
from tests.client import ScimClient
from tests.hosts.every_kind.scim import OWN
from tests.hosts.every_kind.test_kinds import SENT, body, patch, post

pytestmark = pytest.mark.django_db


def test_an_adoption_undone_brings_back_fields_of_every_kind(
    scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter_class = get_adapter_class()
    monkeypatch.setattr(adapter_class, "user_name_is_sso_subject", True)
    made = post(scim, body())
    user = ProvisionedUser.objects.get().user
    ProvisionedUser.objects.all().delete()
    directory = Directory([{"userName": made["userName"], "active": True}])
    report = adoption.examine(connection, directory)
    assert adoption.link(connection, report, actor=None) == 1
    link = ProvisionedUser.objects.get()

    def held() -> object:
        account = type(user)._base_manager.get(pk=user.pk)
        return kept(
            adapter_class(account, link=ProvisionedUser(connection=connection), connection=connection)
        )

    before = held()
    for path, value, *_column in SENT:
        assert patch(scim, {"id": link.scim_id}, path, value).status_code == 200
    assert patch(scim, {"id": link.scim_id}, f"{OWN}:topics", ["Fire", "First aid"]).status_code == 200
    assert held() != before
    written, heard = held(), []
    every = (pre_save, post_save, m2m_changed)

    def hear(sender: type, **_more: object) -> None:
        heard.append(sender)

    for signal in every:
        signal.connect(hear)
    try:
        link.refresh_from_db()
        looked = undoing.preview(link)
    finally:
        for signal in every:
            signal.disconnect(hear)
    assert heard == []
    assert held() == written
    event = undoing.undo(link, actor=None)
    assert json.loads(json.dumps(looked)) == json.loads(json.dumps(event.changes))
    assert any("topics" in path for path in looked)
    assert held() == before
