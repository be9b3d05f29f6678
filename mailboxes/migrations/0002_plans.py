"""The two plans that the vendor sells for bulk sending; operators may change their numbers."""

from django.db import migrations

PLANS = (("PEC Massiva Standard", 3500, None), ("PEC Massiva Flat", None, 30000))


def add_plans(apps, schema_editor):
    plan = apps.get_model("mailboxes", "Plan")
    for name, daily, monthly in PLANS:
        plan.objects.get_or_create(name=name, defaults={"daily_limit": daily, "monthly_limit": monthly, "margin": 50})


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0001_initial")]
    operations = [migrations.RunPython(add_plans, migrations.RunPython.noop)]
