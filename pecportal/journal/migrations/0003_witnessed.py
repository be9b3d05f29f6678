"""From where, before and after; the database refuses changes; refusals, checks and anchors."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from pecportal.journal import guard


def install(apps, schema_editor):
    guard.install(schema_editor.connection)


def remove(apps, schema_editor):
    guard.remove(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0002_head_plural'),
        ('organisations', '0006_four_eyes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Anchor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('number', models.PositiveBigIntegerField(verbose_name='number')),
                ('digest', models.CharField(max_length=64, verbose_name='hash')),
                ('line', models.CharField(max_length=500, verbose_name='signed line')),
                ('tries', models.PositiveIntegerField(default=0, verbose_name='tries')),
                ('tried_at', models.DateTimeField(null=True)),
                ('mailed_at', models.DateTimeField(null=True, verbose_name='mailed')),
                ('filed_at', models.DateTimeField(null=True, verbose_name='written into the file')),
            ],
            options={
                'verbose_name': 'anchor of the journal',
                'verbose_name_plural': 'anchors of the journal',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Check',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField(verbose_name='asked')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('entries', models.PositiveBigIntegerField(default=0, verbose_name='entries')),
                ('broken_at', models.PositiveBigIntegerField(null=True, verbose_name='does not hold from')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='why')),
            ],
            options={
                'verbose_name': 'check of the journal',
                'verbose_name_plural': 'checks of the journal',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Refused',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('since', models.DateTimeField(verbose_name='since')),
                ('times', models.PositiveIntegerField(default=0, verbose_name='times')),
            ],
            options={
                'verbose_name': 'refusals',
                'verbose_name_plural': 'refusals',
            },
        ),
        migrations.AddField(
            model_name='entry',
            name='address',
            field=models.CharField(blank=True, max_length=45, verbose_name='network address'),
        ),
        migrations.AddField(
            model_name='entry',
            name='after',
            field=models.JSONField(default=dict, verbose_name='after'),
        ),
        migrations.AddField(
            model_name='entry',
            name='before',
            field=models.JSONField(default=dict, verbose_name='before'),
        ),
        migrations.AddField(
            model_name='entry',
            name='door',
            field=models.CharField(blank=True, choices=[('browser', 'Portal'), ('console', "Operators' console"), ('api', 'API'), ('command', 'Command line'), ('engine', 'Background work')], max_length=10, verbose_name='from where'),
        ),
        migrations.AddField(
            model_name='entry',
            name='version',
            field=models.PositiveSmallIntegerField(default=1, verbose_name='version'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['organisation', '-number'], name='entry_of_organisation'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['actor', '-number'], name='entry_of_person'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['at'], name='entry_at'),
        ),
        migrations.AddField(
            model_name='check',
            name='asked_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by'),
        ),
        migrations.RunPython(install, remove, elidable=False),
    ]
