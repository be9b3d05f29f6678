from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    """Papers handed in before givers were kept were given by who handed them in."""
    Paper = apps.get_model('mailboxes', 'Paper')
    HandIn = apps.get_model('mailboxes', 'HandIn')
    giver = HandIn.objects.filter(pk=OuterRef('hand_in')).values('by')[:1]
    Paper.objects.filter(by=None).exclude(hand_in=None).update(by=Subquery(giver))


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0006_papers_examined'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
