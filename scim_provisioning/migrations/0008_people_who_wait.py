from typing import Any

from django.db import migrations

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LENGTH = 36
BATCH = 500


def note_who_waits(apps: Any, schema_editor: Any) -> None:
    """People who wait already are known by a mark in ``search``. Where a mapping keeps the manager at another path than
    the usual one, they have theirs from the next change that is made of them."""
    links = apps.get_model("scim_provisioning", "ProvisionedUser").objects.using(
        schema_editor.connection.alias
    )
    waiting = links.filter(search__has_key="~manager").only("document")
    batch = []
    for link in waiting.iterator(chunk_size=BATCH):
        extension = link.document.get(ENTERPRISE)
        manager = extension.get("manager") if isinstance(extension, dict) else None
        sent = manager.get("value") if isinstance(manager, dict) else None
        if isinstance(sent, str):
            link.awaited_manager = sent[:LENGTH]
            batch.append(link)
        if len(batch) == BATCH:
            links.bulk_update(batch, ["awaited_manager"])
            batch = []
    links.bulk_update(batch, ["awaited_manager"])


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0007_awaited_managers"),
    ]

    operations = [
        migrations.RunPython(note_who_waits, migrations.RunPython.noop),
    ]
