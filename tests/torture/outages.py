"""A PostgreSQL database that is taken away for a while, in the ways in which databases go away.

A restart of the server ends every session and refuses new ones: so does `gone`, for one database alone. After a
fail-over to a replica every statement that writes is refused (`read_only`); too many clients leave no connection for
another (`crowded`); a full disk refuses to grow a table (`full`), which a trigger does here in the server's own words.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.worlds import own_database

Connection = psycopg.Connection[Any]
END: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
FULL: Final = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON campaigns_attempt EXECUTE FUNCTION full_disk();
"""


@contextmanager
def of_a_user(server: str, *, template: str) -> Iterator[str]:
    """The URL of a copy of the database `template`, as a role without privileges: limits do not bind a superuser."""
    with own_database(server, template=template) as url:
        parts = urlsplit(url)
        name, password = parts.path.removeprefix("/"), secrets.token_urlsafe(12)
        role = sql.Identifier(name)
        grants = [f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {{}}" for kind in ("TABLES", "SEQUENCES")]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
            for grant in grants:
                connection.execute(sql.SQL(grant).format(role))
        try:
            yield parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()
        finally:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(END, [name])
                connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
                connection.execute(sql.SQL("DROP ROLE {}").format(role))


@contextmanager
def gone(server: str, name: str) -> Iterator[None]:
    """Nobody can connect, and who was connected is not any more."""
    with _alter(server, name, "ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true"):
        yield


@contextmanager
def read_only(server: str, name: str) -> Iterator[None]:
    """Everybody can connect, and nobody can write."""
    setting = "default_transaction_read_only"
    with _alter(server, name, f"SET {setting} = on", f"RESET {setting}"):
        yield
    _end(server, name)  # a session keeps the setting that it began with


@contextmanager
def crowded(server: str, name: str) -> Iterator[None]:
    """A single connection is left for everybody."""
    with _alter(server, name, "CONNECTION LIMIT 1", "CONNECTION LIMIT -1"):
        yield


@contextmanager
def full(server: str, name: str) -> Iterator[None]:
    """No attempt can be written."""
    with psycopg.connect(urlsplit(server)._replace(path=f"/{name}").geturl(), autocommit=True) as connection:
        connection.execute(FULL)
        try:
            yield
        finally:
            connection.execute("DROP FUNCTION full_disk() CASCADE")


Outage = Callable[[str, str], AbstractContextManager[None]]
OUTAGES: Final[tuple[Outage, ...]] = (gone, read_only, crowded, full)


def name_of(outage: Outage) -> str:
    """What it is called."""
    return str(getattr(outage, "__name__", outage)).replace("_", "-")


def may_make_roles(server: str) -> bool:
    """Whether the user of the URL `server` may: without that, connections cannot be limited."""
    with psycopg.connect(server) as connection:
        row = connection.execute(
            "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    return bool(row and row[0])


@contextmanager
def _alter(server: str, name: str, away: str, back: str) -> Iterator[None]:
    statement = sql.SQL("ALTER DATABASE {} ").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement + sql.SQL(away))
        try:
            _end(server, name)
            yield
        finally:
            connection.execute(statement + sql.SQL(back))


def _end(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(END, [name])
