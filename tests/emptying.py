"""Emptying the database after a test that committed: only what holds rows, so that it takes milliseconds."""

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.test import TransactionTestCase

# what `migrate` writes for every test alike
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def empty(alias: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Delete every row but those in `KEPT`; return the tables that held some.

    Django's own `flush` truncates every table, and writes content types and permissions anew: half a second and more
    on PostgreSQL. Its foreign keys wait for the commit, so that the order of the tables does not matter.
    """
    connection = connections[alias]
    quoted = {name: connection.ops.quote_name(name) for name in _tables(alias)}
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {name})" for name in quoted.values()))
        found = [name for name, holds_rows in zip(quoted, cursor.fetchone() or (), strict=True) if holds_rows]
        for name in found:
            cursor.execute(f"DELETE FROM {quoted[name]}")
    return found


def _tables(alias: str) -> list[str]:
    names = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(names) - KEPT)


def _teardown(case: TransactionTestCase) -> None:
    for alias in connections:
        empty(alias)


def use() -> None:
    """Let Django's cases that commit be cleaned up so."""
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]
