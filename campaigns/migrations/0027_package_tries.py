"""Packages of evidence wait for their job, are tried some times, and may fail."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0026_packages"),
    ]

    operations = [
        migrations.AddField(
            model_name="package",
            name="tries",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="tries"),
        ),
        migrations.AlterField(
            model_name="package",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting to be made"),
                    ("making", "Being made"),
                    ("made", "Made"),
                    ("failed", "Could not be made"),
                    ("gone", "Removed, since it was old"),
                ],
                default="waiting",
                max_length=20,
                verbose_name="state",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="package",
            name="package_one_in_the_making",
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "making"])),
                fields=("campaign",),
                name="package_one_in_the_making",
            ),
        ),
    ]
