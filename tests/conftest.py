"""What all tests share: the simulated vendor over real HTTP, the queue's jobs, files in a folder of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from pecportal.sandbox import Sandbox, serve
from tests.jobs import Jobs

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(autouse=True)
def _installation(settings: Settings, tmp_path: Path) -> None:
    """Each test has its own files, quick hashing, and short rests; none reaches a vendor it was not given."""
    settings.PORTAL_DATA_DIR = settings.STATIC_ROOT = tmp_path
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
    for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
        setattr(settings, f"OPENAPI_{api}_URL", "http://127.0.0.1:9")
    settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY, settings.OPENAPI_TOKEN = "a@portale.example", "key", ""
    settings.SENDING_RATE = 0.0
    settings.SENDING_THREADS = 4
    settings.SENDING_PUMP_SECONDS = 20.0
    settings.SENDING_BREAKER_SECONDS = [0.1, 0.2]
    settings.SENDING_HOLD_SECONDS = 0.2
    settings.SENDING_RETRY_SECONDS = 0.1
    settings.TRACKING_SECONDS = settings.TRACKING_IDLE_SECONDS = 0.2
    settings.TRACKING_RUN_SECONDS = 1.0
    settings.CLOCK_SPEED = 1.0
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
