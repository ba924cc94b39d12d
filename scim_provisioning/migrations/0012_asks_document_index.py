from django.db import migrations, models

from scim_provisioning.migrations._operations import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("scim_provisioning", "0011_asks_document"),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name="provisioneduser",
            index=models.Index(fields=["connection", "asks_document"], name="scim_link_asks_document"),
        ),
    ]
