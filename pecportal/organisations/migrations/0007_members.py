

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mailboxes', '0009_accounts'),
        ('organisations', '0006_four_eyes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('roles', models.JSONField(default=list, verbose_name='roles')),
                ('is_limited', models.BooleanField(default=False, verbose_name='for some mailboxes only')),
                ('nonce', models.CharField(editable=False, max_length=43)),
                ('invited_at', models.DateTimeField(verbose_name='invited')),
                ('expires_at', models.DateTimeField(verbose_name='valid until')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='letter sent')),
                ('accepted_at', models.DateTimeField(null=True, verbose_name='accepted')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='taken back')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-pk'],
            },
        ),
        migrations.AddField(
            model_name='membership',
            name='is_limited',
            field=models.BooleanField(default=False, verbose_name='for some mailboxes only'),
        ),
        migrations.AddField(
            model_name='membership',
            name='mailboxes',
            field=models.ManyToManyField(blank=True, related_name='+', to='mailboxes.mailbox', verbose_name='mailboxes it is limited to'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('is_limited', False), models.Q(('role__in', ['administrator']), _negated=True), _connector='OR'), name='membership_administrator_whole'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='accepted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='mailboxes',
            field=models.ManyToManyField(blank=True, related_name='+', to='mailboxes.mailbox', verbose_name='mailboxes it is limited to'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='organisations.organisation', verbose_name='organisation'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), models.F('organisation'), condition=models.Q(('accepted_at', None), ('revoked_at', None)), name='invitation_one_open'),
        ),
    ]
