"""The vendor's client, made from the settings."""

from functools import lru_cache

from django.conf import settings

from pecportal.upstream import Config, Upstream


def connect() -> Upstream:
    """The client of this installation; one per process and configuration, since it caches its tokens."""
    return _client(
        Config.for_environment(
            settings.OPENAPI_ENV,
            **{name: value for name, value in _addresses().items() if value},
            oauth_version=settings.OPENAPI_OAUTH_VERSION,
            email=settings.OPENAPI_EMAIL,
            api_key=settings.OPENAPI_API_KEY,
            token=settings.OPENAPI_TOKEN,
            connect_timeout=settings.OPENAPI_CONNECT_TIMEOUT,
            read_timeout=settings.OPENAPI_READ_TIMEOUT,
            send_deadline=settings.OPENAPI_SEND_DEADLINE,
        )
    )


def _addresses() -> dict[str, str]:
    return {
        "pec_url": settings.OPENAPI_PEC_URL,
        "massiva_url": settings.OPENAPI_MASSIVA_URL,
        "company_url": settings.OPENAPI_COMPANY_URL,
        "oauth_url": settings.OPENAPI_OAUTH_URL,
    }


@lru_cache(maxsize=4)
def _client(config: Config) -> Upstream:
    return Upstream(config)
