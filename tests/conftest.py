"""What all tests share: the simulated vendor over real HTTP, the queue's jobs, files in a folder of their own."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from pecportal import clock
from pecportal import vendor as vendors
from pecportal.operation import hearing
from pecportal.sandbox import Sandbox, serve
from tests import emptying
from tests.jobs import Jobs

if TYPE_CHECKING:
    from tests.buckets import Bucket

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
hypothesis_settings.register_profile("portal", deadline=None)  # a busy machine is no fault
hypothesis_settings.load_profile("portal")
emptying.use()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks no database says the same on each of them; what is slow may start processes that do ask one."""
    for item in items:
        fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
        if not (fixtures or item.get_closest_marker("django_db") or item.get_closest_marker("slow")):
            item.add_marker(pytest.mark.once)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite keeps the tests' database in a file, as in use: in memory, threads would lock each other's tables."""
    database = connections.databases["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session", autouse=True)
def _tables_may_be_emptied() -> Iterator[None]:
    """After a test with transactions of its own all tables are emptied, the journal too, whose guard refuses that.

    Emptying them is followed by what follows a migration, which puts the guard back.
    """
    from pecportal.journal import guard

    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def without_guard(case: TransactionTestCase) -> None:
        guard.remove()
        empty(case)

    TransactionTestCase._fixture_teardown = without_guard  # type: ignore[attr-defined]
    yield
    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]


@pytest.fixture
def unguarded(db: None) -> Iterator[None]:
    """The journal without its guard: the test tampers with it, as the tables' owner can."""
    from pecportal.journal import guard

    with guard.lifted():
        yield


@pytest.fixture(autouse=True)
def _installation(settings: Settings, tmp_path: Path) -> None:
    """Each test has its own files, quick hashing, and short rests; none reaches a vendor it was not given."""
    settings.PORTAL_DATA_DIR = settings.STATIC_ROOT = tmp_path
    settings.METRICS_DIR = tmp_path / "metrics"
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files"), "file_permissions_mode": 0o600},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.OPENAPI_ENV = "sandbox"
    settings.SECOND_FACTOR_REQUIRED = False  # tests/signin has it on
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    }
    for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
        setattr(settings, f"OPENAPI_{api}_URL", "http://127.0.0.1:9")
    settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY, settings.OPENAPI_TOKEN = "a@portale.example", "key", ""
    settings.UPLOAD_SECONDS = 60.0  # a busy machine is no fault
    settings.SENDING_UNDO_SECONDS = 0.0
    settings.SENDING_RATE = 0.0
    settings.SENDING_THREADS = 4
    settings.SENDING_PUMP_SECONDS = 20.0
    settings.SENDING_BREAKER_SECONDS = [0.1, 0.2]
    settings.SENDING_HOLD_SECONDS = 0.2
    settings.SENDING_RETRY_SECONDS = 0.1
    settings.TRACKING_SECONDS = settings.TRACKING_IDLE_SECONDS = 0.2
    settings.TRACKING_RUN_SECONDS = 1.0
    settings.CLOCK_SPEED = 1.0
    clock.forget()
    hearing.forget()
    vendors.forget_clients()  # the system gives ports again: a token of the server that was there would be refused
    settings.LANGUAGE_CODE = "en"  # the language that the tests are written in


@pytest.fixture
def vendor(settings: Settings) -> Iterator[Sandbox]:
    """The simulated vendor, to which the settings point; without a pace unless a test sets one."""
    sandbox = Sandbox(rate=0)
    with serve(sandbox) as server:
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", server.url)
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = sandbox.email, sandbox.api_key
        yield sandbox


@pytest.fixture
def jobs(transactional_db: None) -> Jobs:
    """The queue, whose jobs run when the test says so."""
    return Jobs()


@pytest.fixture
def bucket(settings: Settings, _installation: None) -> Iterator["Bucket"]:
    """Files are in a bucket of a server of their own; its client waits for nothing long, and asks once."""
    from tests.buckets import REGION, TIMEOUT, Bucket  # it takes a while to load

    settings.S3_CONNECT_SECONDS = settings.S3_READ_SECONDS = TIMEOUT
    settings.S3_TRIES = 1
    found = Bucket()
    settings.STORAGES = {**settings.STORAGES, "default": found.storage}
    found.start()
    try:
        client = found.client
        found.warm_up()
        client.create_bucket(Bucket=found.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield found
        client.close()
    finally:
        found.stop()
