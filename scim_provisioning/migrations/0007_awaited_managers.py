from django.db import migrations

import scim_provisioning.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0006_disconnection"),
    ]

    operations = [
        migrations.AddField(
            model_name="provisioneduser",
            name="awaited_manager",
            field=scim_provisioning.models.fields.ExactCharField(
                blank=True, editable=False, max_length=36, null=True
            ),
        ),
    ]
