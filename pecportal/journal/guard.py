"""The database's own guard of the journal: triggers that refuse every change of an entry, and every step back.

They bind whoever uses the database with the portal's own rights, the portal included. Who owns the tables can still
take them away, and could then rewrite the chain as a whole: that shows only against the anchors outside (`anchoring`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

WORDS: Final = "the journal can only be added to"
NAMES: Final = frozenset(
    {"journal_entry_update", "journal_entry_delete", "journal_head_update", "journal_head_delete"}
)  # of SQLite
_POSTGRESQL: Final = (
    "SET CONSTRAINTS ALL IMMEDIATE",  # with some still to be looked at a table cannot be changed
    f"""CREATE OR REPLACE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE OR REPLACE FUNCTION journal_step() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        IF NEW.id <> OLD.id OR NEW.number <> OLD.number + 1 THEN
            RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
    """CREATE OR REPLACE TRIGGER journal_entry_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()""",
    """CREATE OR REPLACE TRIGGER journal_head_fixed BEFORE DELETE OR TRUNCATE ON journal_head
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()""",
    """CREATE OR REPLACE TRIGGER journal_head_step BEFORE UPDATE ON journal_head
    FOR EACH ROW EXECUTE FUNCTION journal_step()""",
    # replication roles switch ordinary triggers off
    "ALTER TABLE journal_entry ENABLE ALWAYS TRIGGER journal_entry_fixed",
    "ALTER TABLE journal_head ENABLE ALWAYS TRIGGER journal_head_fixed",
    "ALTER TABLE journal_head ENABLE ALWAYS TRIGGER journal_head_step",
)
_POSTGRESQL_OFF: Final = (
    "SET CONSTRAINTS ALL IMMEDIATE",
    "DROP TRIGGER IF EXISTS journal_entry_fixed ON journal_entry",
    "DROP TRIGGER IF EXISTS journal_head_fixed ON journal_head",
    "DROP TRIGGER IF EXISTS journal_head_step ON journal_head",
)
_REFUSE: Final = f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
_SQLITE: Final = (
    f"CREATE TRIGGER IF NOT EXISTS journal_entry_update BEFORE UPDATE ON journal_entry {_REFUSE}",
    f"CREATE TRIGGER IF NOT EXISTS journal_entry_delete BEFORE DELETE ON journal_entry {_REFUSE}",
    f"CREATE TRIGGER IF NOT EXISTS journal_head_delete BEFORE DELETE ON journal_head {_REFUSE}",
    f"""CREATE TRIGGER IF NOT EXISTS journal_head_update BEFORE UPDATE ON journal_head
    WHEN NEW.id <> OLD.id OR NEW.number <> OLD.number + 1 {_REFUSE}""",
)
_SQLITE_OFF: Final = tuple(f"DROP TRIGGER IF EXISTS {name}" for name in sorted(NAMES))


def install(to: BaseDatabaseWrapper = connection) -> None:
    """Put the triggers in place; again it changes nothing."""
    _run(to, _POSTGRESQL if to.vendor == "postgresql" else _SQLITE)


def remove(to: BaseDatabaseWrapper = connection) -> None:
    """Take them away, as the owner of the tables can."""
    _run(to, _POSTGRESQL_OFF if to.vendor == "postgresql" else _SQLITE_OFF)


def is_installed(to: BaseDatabaseWrapper = connection) -> bool:
    """Whether all of them are in place, and none is switched off."""
    with to.cursor() as cursor:
        if to.vendor == "postgresql":
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgenabled = 'A' AND tgname IN "
                "('journal_entry_fixed', 'journal_head_fixed', 'journal_head_step') "
                "AND tgrelid IN ('journal_entry'::regclass, 'journal_head'::regclass)"
            )
            return bool(cursor.fetchone()[0] == 3)
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'journal_%'")
        return {name for (name,) in cursor.fetchall()} >= NAMES


@contextmanager
def lifted() -> Iterator[None]:
    """Without the guard, for tests that tamper or empty the tables; nothing in the portal calls this."""
    remove()
    try:
        yield
    finally:
        install()


def _run(to: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with to.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
