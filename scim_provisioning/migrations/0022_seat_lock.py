import django.db.models.deletion
from django.db import migrations, models

import scim_provisioning.models.seat_lock


class Migration(migrations.Migration):
    dependencies = [("scim_provisioning", "0021_keeps_profile")]

    operations = [
        migrations.CreateModel(
            name="SeatLock",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="seat_lock",
                        serialize=False,
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "turn",
                    models.CharField(
                        default=scim_provisioning.models.seat_lock.new_turn, editable=False, max_length=32
                    ),
                ),
            ],
            options={"verbose_name": "seat lock", "verbose_name_plural": "seat locks"},
        ),
    ]
