"""What the vendor's plans cost, as its public pages said on the day below; operators keep it up to date."""

from datetime import date
from decimal import Decimal

from django.db import migrations

NOTED_ON = date(2026, 11, 28)
STANDARD = {"yearly_price": Decimal("99.00"), "message_price": Decimal("0.0500"), "prices_noted_on": NOTED_ON}
# Whether its messages are charged as well is told in two ways on the vendor's pages: so that price is not noted.
FLAT = {
    "yearly_price": Decimal("1500.00"),
    "prices_noted_on": NOTED_ON,
    "is_orderable": False,
    "bought_at": "https://www.pecmassiva.com/pec-massiva-api",
}
LARGEST = {"yearly_limit": 1_200_000, "margin": 50, "is_orderable": False}


def note_prices(apps, schema_editor):
    """Prices that somebody entered stay."""
    plan = apps.get_model("mailboxes", "Plan")
    for name, facts in (("PEC Massiva Standard", STANDARD), ("PEC Massiva Flat", FLAT)):
        plan.objects.filter(name=name, prices_noted_on=None).update(**facts)
    plan.objects.get_or_create(name="PEC Massiva 1.200.000", defaults=LARGEST)


class Migration(migrations.Migration):
    dependencies = [("mailboxes", "0004_registering")]
    operations = [migrations.RunPython(note_prices, migrations.RunPython.noop)]
