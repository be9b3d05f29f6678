"""What cannot work is said before it runs."""

import pytest
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from pecportal import checks, encryption


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [message.id for message in found]


def test_the_tests_own_settings_are_sound() -> None:
    for check in (checks.encryption_keys, checks.vendor_settings, checks.real_clock, checks.leases_outlive_calls):
        assert check(None) == []


def test_a_portal_without_keys_does_not_start(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = []
    assert ids(checks.encryption_keys(None)) == ["pecportal.E001"]


def test_a_sandbox_without_addresses_is_refused(settings: Settings) -> None:
    settings.OPENAPI_PEC_URL = ""
    assert ids(checks.vendor_settings(None)) == ["pecportal.E002"]


def test_missing_credentials_of_the_account_are_a_warning(settings: Settings) -> None:
    settings.OPENAPI_EMAIL = settings.OPENAPI_API_KEY = settings.OPENAPI_TOKEN = ""
    assert ids(checks.vendor_settings(None)) == ["pecportal.W003"]


@pytest.mark.parametrize("environment", ["test", "production"])
def test_the_real_vendor_has_a_real_clock(settings: Settings, environment: str) -> None:
    settings.OPENAPI_ENV, settings.CLOCK_SPEED = environment, 60.0
    assert ids(checks.real_clock(None)) == ["pecportal.E004"]


def test_a_lease_must_outlive_its_call(settings: Settings) -> None:
    settings.OPENAPI_SEND_DEADLINE = settings.SENDING_LEASE_SECONDS
    assert "pecportal.E005" in ids(checks.leases_outlive_calls(None))


def test_a_pump_must_end_before_the_queue_kills_it(settings: Settings) -> None:
    settings.SENDING_PUMP_SECONDS = 170
    assert ids(checks.leases_outlive_calls(None)) == ["pecportal.E006"]


def test_a_malformed_key_is_named(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = ["k1:short"]
    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS"):
        encryption.keys()
