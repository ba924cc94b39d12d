from django.db import migrations, models

from scim_provisioning.migrations._operations import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("scim_provisioning", "0009_reference_keys"),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name="provisioneduser",
            index=models.Index(fields=["connection", "awaited_manager"], name="scim_link_awaited_manager"),
        ),
    ]
