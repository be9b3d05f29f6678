"""The application of the journal."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _guard(using: str, **kwargs: Any) -> None:
    """After each migration: on SQLite a change of a table is a new table, without the triggers of the old one."""
    from pecportal.journal import guard

    if {"journal_entry", "journal_head"} <= set(connections[using].introspection.table_names()):
        guard.install(connections[using])


class JournalConfig(AppConfig):
    """Append-only record of acts."""

    name = "pecportal.journal"
    label = "journal"
    verbose_name = _("Journal")

    def ready(self) -> None:
        """Have the database's guard looked after, and refusals recorded."""
        from pecportal.journal import refusals

        post_migrate.connect(_guard, sender=self)
        refusals.listen()
