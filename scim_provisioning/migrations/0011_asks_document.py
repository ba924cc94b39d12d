from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0010_awaited_manager_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="provisioneduser",
            name="asks_document",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
    ]
