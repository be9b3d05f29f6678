"""What must be true before the portal may run."""

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from pecportal import antivirus, encryption, vendor
from pecportal.operation import deployment


@register(Tags.security)
def encryption_keys(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The key ring opens what it seals."""
    try:
        sealed = encryption.seal(b"canary", context="check")
        encryption.unseal(sealed, context="check")
    except ImproperlyConfigured as exc:
        return [Error(str(exc), hint="./portal writes one into .env.", id="pecportal.E001")]
    return []


@register(Tags.compatibility)
def vendor_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The vendor's addresses and sign-in are complete."""
    found: list[CheckMessage] = []
    try:
        vendor.of_settings()
    except ValueError as exc:
        found.append(Error(str(exc), hint="See the README, section on the vendor.", id="pecportal.E002"))
    if not settings.OPENAPI_TOKEN and not (settings.OPENAPI_EMAIL and settings.OPENAPI_API_KEY):
        found.append(
            Warning("Neither OPENAPI_TOKEN nor OPENAPI_EMAIL and OPENAPI_API_KEY are set.", id="pecportal.W003")
        )
    return found


@register(Tags.compatibility)
def real_clock(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Only a simulated vendor may have a clock of its own."""
    if settings.CLOCK_SPEED != 1 and settings.OPENAPI_ENV != "sandbox":
        return [Error("CLOCK_SPEED is for the sandbox alone.", id="pecportal.E004")]
    return []


@register(Tags.security)
def second_factors(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Only where nothing is really sent may an operator come in with a password alone."""
    if not settings.SECOND_FACTOR_REQUIRED and settings.OPENAPI_ENV != "sandbox":
        return [Error("SECOND_FACTOR_REQUIRED may be off in the sandbox alone.", id="pecportal.E010")]
    return []


@register(Tags.compatibility)
def bucket(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Where files are in a bucket, what speaks to it is installed, and nobody on the way can read along."""
    if not settings.S3_BUCKET:
        return []
    if find_spec("storages") is None or find_spec("boto3") is None:
        hint = "Install the extra: pip install 'pecportal[s3]'."
        return [Error("S3_BUCKET is set, and django-storages[s3] is not installed.", hint=hint, id="pecportal.E008")]
    endpoint = urlsplit(settings.STORAGES["default"]["OPTIONS"].get("endpoint_url") or "https://")
    if endpoint.scheme != "https" and endpoint.hostname not in ("localhost", "127.0.0.1", "::1"):
        return [Warning("S3_ENDPOINT is not https: files and keys go in the clear.", id="pecportal.W009")]
    return []


@register(Tags.compatibility)
def virus_scanner(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Where uploads are scanned, the address is one, and the scanner answers there."""
    try:
        antivirus.address()
    except ValueError as exc:
        return [Error(str(exc), hint="Without a scanner leave it empty.", id="pecportal.E010")]
    if not antivirus.is_on():
        return []
    try:
        antivirus.ping()
    except antivirus.Silent as exc:
        hint = "Start clamd, or correct CLAMD_URL: until then no upload is taken."
        return [Warning(f"The virus scanner does not answer: {exc}", hint=hint, id="pecportal.W011")]
    return []


@register(Tags.compatibility)
def deployment_id(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The installation's own mark, where it is given, is one."""
    try:
        deployment.here()
    except ValueError:
        hint = "Make one with: python3 -c 'import uuid; print(uuid.uuid4())'"
        return [
            Error("The installation's mark is no UUID: DEPLOYMENT_ID, or its file.", hint=hint, id="pecportal.E007")
        ]
    return []


@register(Tags.compatibility)
def leases_outlive_calls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A send must be over, or abandoned, before its lease ends; a pump before the queue's time-out."""
    found: list[CheckMessage] = []
    if settings.OPENAPI_SEND_DEADLINE >= settings.SENDING_LEASE_SECONDS:
        found.append(Error("OPENAPI_SEND_DEADLINE must be shorter than SENDING_LEASE_SECONDS.", id="pecportal.E005"))
    if settings.Q_CLUSTER["timeout"] < settings.SENDING_PUMP_SECONDS + settings.OPENAPI_SEND_DEADLINE + 30:
        found.append(
            Error("The pump and its last sends must end well before the queue's time-out.", id="pecportal.E006")
        )
    return found
