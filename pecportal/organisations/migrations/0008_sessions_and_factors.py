

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0007_members'),
    ]

    operations = [
        migrations.AddField(
            model_name='organisation',
            name='second_factor',
            field=models.BooleanField(default=False, help_text='An authenticator app, or a passkey. Who has none sets one up at the next log-in.', verbose_name='members need a second factor'),
        ),
        migrations.AddField(
            model_name='user',
            name='session_round',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
    ]
