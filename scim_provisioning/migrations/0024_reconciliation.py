import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0023_locked_values"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="compared at"
                    ),
                ),
                (
                    "with_directory",
                    models.BooleanField(default=False, verbose_name="with an export of the directory"),
                ),
                ("counts", models.JSONField(default=dict, editable=False)),
                ("compared", models.PositiveIntegerField(default=0, verbose_name="compared learners")),
                ("drifted", models.PositiveIntegerField(default=0, verbose_name="learners who differ")),
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reconciliation",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "reconciliation",
                "verbose_name_plural": "reconciliations",
            },
        ),
    ]
