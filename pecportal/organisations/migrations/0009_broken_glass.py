

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0008_sessions_and_factors'),
    ]

    operations = [
        migrations.CreateModel(
            name='BrokenGlass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='ended early')),
                ('told_at', models.DateTimeField(null=True, verbose_name='administrators told')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='glasses', to=settings.AUTH_USER_MODEL, verbose_name='operator')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='glasses', to='organisations.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'emergency access',
                'verbose_name_plural': 'emergency accesses',
                'ordering': ['-pk'],
            },
        ),
    ]
