"""Many rows at once, the quickest way that each database has: values go as they are, without an object for each row.

Columns have the database's names. Values are what it stores: JSON is text, times are given by `stored_as`. A column's
default counts only where the database knows it. All in the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection, models

Value = str | int | bool | datetime | None
AT_ONCE: Final = 100  # rows of one statement


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """Insert rows, given as values in the order of `columns`: COPY on PostgreSQL, one prepared statement elsewhere."""
    table, names = _names(model, columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 (ours)


def insert_missing(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> int:
    """Insert those rows that break no unique constraint, and return how many those are."""
    table, names = _names(model, columns)
    count, one = 0, f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            marks = ", ".join([one] * len(part))
            cursor.execute(
                f"INSERT INTO {table} ({names}) VALUES {marks} ON CONFLICT DO NOTHING",  # noqa: S608 (our own names)
                [value for row in part for value in row],
            )
            count += cursor.rowcount
    return count


def update(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    """Give rows new values: each is given as its values in the order of `columns`, and its id behind them."""
    quote = connection.ops.quote_name
    changes = ", ".join(f"{quote(column)} = %s" for column in columns)
    table, key = quote(model._meta.db_table), quote("id")
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {changes} WHERE {key} = %s", rows)  # noqa: S608 (ours)


def _names(model: type[models.Model], columns: Sequence[str]) -> tuple[str, str]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), ", ".join(map(quote, columns))


def stored_as(moment: datetime | None) -> Value:
    """An aware time as the database takes it."""
    found: Value = connection.ops.adapt_datetimefield_value(moment)
    return found
