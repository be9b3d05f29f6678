"""Every change of a campaign's state leaves a row; what was called cancelled is stopped."""

from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

STANDINGS = [
    ("draft", "Draft"),
    ("checked", "Checked"),
    ("waiting", "Waiting for approval"),
    ("approved", "Approved"),
    ("launching", "Being made ready"),
    ("scheduled", "Scheduled"),
    ("running", "Running"),
    ("pausing", "Pausing"),
    ("paused", "Paused"),
    ("stopping", "Stopping"),
    ("stopped", "Stopped"),
    ("completed", "All sent"),
]
DERIVED = ("checked", "pausing", "stopping")


def tell(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Rename the state, and write down what is known of how each campaign came to where it is."""
    campaigns: Any = apps.get_model("campaigns", "Campaign")
    changes: Any = apps.get_model("campaigns", "StateChange")
    campaigns.objects.filter(state="cancelled").update(state="stopped")
    known = campaigns.objects.order_by("pk").values_list(
        "pk", "state", "state_since", "created_by", "created_at", "launched_by", "launched_at"
    )
    found = []
    for pk, state, since, maker, made, starter, started in known.iterator(chunk_size=1000):
        found.append(changes(campaign_id=pk, state="draft", by_id=maker, at=made))
        if started is not None and state != "draft":
            found.append(changes(campaign_id=pk, state="launching", by_id=starter, at=started))
        if state not in ("draft", "launching"):
            found.append(changes(campaign_id=pk, state=state, at=since))
    changes.objects.bulk_create(found, batch_size=1000)


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the state its former name."""
    campaigns: Any = apps.get_model("campaigns", "Campaign")
    campaigns.objects.filter(state="stopped").update(state="cancelled")


class Migration(migrations.Migration):
    """Adds the history of states."""

    dependencies = [  # noqa: RUF012
        ("campaigns", '0007_own_files_and_letters'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [  # noqa: RUF012
        migrations.CreateModel(
            name="StateChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(choices=STANDINGS, max_length=20, verbose_name="state")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="history", to="campaigns.campaign"
                    ),
                ),
            ],
            options={
                "verbose_name": "change of state",
                "verbose_name_plural": "changes of state",
                "ordering": ["pk"],
            },
        ),
        migrations.AlterField(
            model_name="campaign",
            name="state",
            field=models.CharField(
                choices=[(value, label) for value, label in STANDINGS if value not in DERIVED],
                default="draft",
                max_length=20,
                verbose_name="state",
            ),
        ),
        migrations.RunPython(tell, forget),
    ]
