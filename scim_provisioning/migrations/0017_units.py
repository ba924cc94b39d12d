from django.db import migrations, models

import scim_provisioning.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0016_refused_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="referencekey",
            name="brought_by",
            field=scim_provisioning.models.fields.ExactCharField(
                blank=True, db_default="", default="", editable=False, max_length=36
            ),
        ),
        migrations.AddField(
            model_name="referencekey",
            name="heard_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="first seen"),
        ),
        migrations.AddField(
            model_name="referencekey",
            name="made",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="referencekey",
            name="meaning",
            field=models.CharField(
                choices=[
                    ("name", "Name of a unit"),
                    ("alias", "Alias"),
                    ("waiting", "New, undecided"),
                    ("left_out", "Left out"),
                ],
                db_default="name",
                default="name",
                editable=False,
                max_length=10,
                verbose_name="meaning",
            ),
        ),
        migrations.AddField(
            model_name="referencekey",
            name="merged",
            field=scim_provisioning.models.fields.ExactCharField(
                blank=True, db_default="", default="", editable=False, max_length=255
            ),
        ),
        migrations.AddField(
            model_name="referencekey",
            name="name",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=255, verbose_name="name"
            ),
        ),
        migrations.AddField(
            model_name="referencekey",
            name="scope",
            field=scim_provisioning.models.fields.ExactCharField(
                blank=True, db_default="", default="", editable=False, max_length=64
            ),
        ),
    ]
