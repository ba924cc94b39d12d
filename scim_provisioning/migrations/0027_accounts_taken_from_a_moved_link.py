import django.db.models.deletion
from django.db import migrations, models

from scim_provisioning.migrations._operations import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("scim_provisioning", "0026_one_index_each"),
    ]

    operations = [
        # First: MySQL and MariaDB let go of a foreign key's index once there is another.
        AddIndexBesideWriters(
            model_name="adoption",
            index=models.Index(fields=["link"], name="scim_adoption_link"),
        ),
        migrations.AlterField(
            model_name="adoption",
            name="link",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="adoptions",
                to="scim_provisioning.provisioneduser",
                verbose_name="learner",
            ),
        ),
    ]
