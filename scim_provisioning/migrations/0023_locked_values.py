import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import scim_provisioning.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0022_seat_lock"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="scimconnection",
            name="has_locks",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.CreateModel(
            name="LockedValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "path",
                    scim_provisioning.models.fields.ExactCharField(max_length=255, verbose_name="attribute"),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "locked_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="locked at"
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="locked_values",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="locked_values",
                        to="scim_provisioning.provisioneduser",
                        verbose_name="learner",
                    ),
                ),
                (
                    "locked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="locked by",
                    ),
                ),
            ],
            options={
                "verbose_name": "locked value",
                "verbose_name_plural": "locked values",
                "constraints": [
                    models.UniqueConstraint(fields=("link", "path"), name="scim_locked_value_unique")
                ],
            },
        ),
    ]
