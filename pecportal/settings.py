"""Settings of one installation, read from the environment (and from `.env` beside manage.py)."""

import socket
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ

from pecportal import fixed
from pecportal.fixed import *  # noqa: F403 (they are settings, too)

django_stubs_ext.monkeypatch()

BASE_DIR = fixed.BASE_DIR
env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

# --- what it is and where it keeps things
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
PORTAL_URL = env("PORTAL_URL", default="http://localhost:8000")
PORTAL_STOP_FILE = env("PORTAL_STOP_FILE", default="")
PORTAL_DATA_DIR = Path(env("PORTAL_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
HTTPS = env.bool("HTTPS", default=PORTAL_URL.startswith("https://"))

INSTALLED_APPS, MIDDLEWARE = [*fixed.INSTALLED_APPS], [*fixed.MIDDLEWARE]
OIDC_URL = env("OIDC_URL", default="")  # of an OpenID Connect provider, or of the proxy to SPID and CIE
OIDC_ISSUER = env("OIDC_ISSUER", default=OIDC_URL.partition("/.well-known/")[0])  # what it calls itself, to the letter
if OIDC_URL:
    INSTALLED_APPS += ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]
# --- database: one connection a thread, waits for SQLite's single writer instead of failing
DATABASES: dict[str, Any] = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{PORTAL_DATA_DIR / 'portal.sqlite3'}"),
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {  # what DATABASE_URL says of TLS, as sslmode=verify-full, stays
        **DATABASES["default"].get("OPTIONS", {}),
        "options": "-c idle_in_transaction_session_timeout=60s -c synchronous_commit=on",
    }
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 60  # SQLite reads its whole schema anew with every connection
REDIS_URL = env("REDIS_URL", default="")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "portal_cache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # so many guessers do not push each other's counts out
        }
    )
}

# --- background jobs: the queue is a bell, never the record. Each lane of work has a queue and workers of its own
SENDING_PUMPS = env.int("SENDING_PUMPS", default=1)  # of this host
_QUEUE = env("QUEUE_NAME", default="pecportal")
_WORKERS, _ON_REDIS = env.int("WORKERS", default=4), env("QUEUE_BROKER", default="orm") == "redis"
Q_CLUSTER: dict[str, Any] = {
    "name": _QUEUE,
    "workers": _WORKERS,
    "queue_limit": _WORKERS,
    "timeout": 180,
    "retry": 900,
    "max_attempts": 1,
    "ack_failures": True,
    "bulk": 1,
    "catch_up": False,
    "poll": 0.2,
    "save_limit": 500,
    "label": "pecportal",
    "broker_class": "pecportal.queue.Lists" if _ON_REDIS else "pecportal.queue.Rows",
    **({"redis": REDIS_URL} if _ON_REDIS else {"orm": "default"}),
    "ALT_CLUSTERS": {
        # one more than pumps: the next one begins while the last messages of this one are on their way
        f"{_QUEUE}-sending": {"workers": SENDING_PUMPS + 1, "queue_limit": SENDING_PUMPS + 1},
        f"{_QUEUE}-tracking": {"workers": 2, "queue_limit": 2},
        f"{_QUEUE}-all": {},
    },
}
HOST_NAME = env("HOST_NAME", default=socket.gethostname())  # tells machines that share a database apart
LIVENESS_LATE_SECONDS = env.float("LIVENESS_LATE_SECONDS", default=100)
LIVENESS_FROZEN_SECONDS = env.float("LIVENESS_FROZEN_SECONDS", default=110)
DEPLOYMENT_ID = env("DEPLOYMENT_ID", default="")

# --- people
NUM_PROXIES = env.int("NUM_PROXIES", default=int(env.bool("BEHIND_PROXY", default=False)))
ALLAUTH_TRUSTED_PROXY_COUNT = NUM_PROXIES  # whose word on the client's network address is believed
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", default=True)  # of operators, and where offices want it
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # on one's own machine
STEP_UP_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("STEP_UP_SECONDS", default=600)
if OIDC_URL:
    SOCIALACCOUNT_ADAPTER = "pecportal.signin.elsewhere.Elsewhere"
    SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "provider_class": "pecportal.signin.openid.Provider",
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "elsewhere",
                    "name": env("OIDC_NAME", default="OpenID Connect"),
                    "client_id": env("OIDC_CLIENT_ID"),
                    "secret": env("OIDC_SECRET"),
                    "settings": {"server_url": OIDC_URL},
                }
            ],
        }
    }

# --- letters to clerks: `smtp+tls://user:password@host:587`; what is not set goes to the log
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("EMAIL_FROM", default="pecportal@localhost")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)  # seconds

# --- files
STATIC_URL = "/static/"
STATIC_ROOT = PORTAL_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env("FILES_DIR", default=str(PORTAL_DATA_DIR / "files"))).resolve()  # hosts may share it
S3_BUCKET = env("S3_BUCKET", default="")  # where it is set, files are there instead
STORAGES: dict[str, Any] = {
    "default": (
        {
            "BACKEND": "pecportal.bucket.Bucket",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": env("S3_ENDPOINT", default="") or None,
                "region_name": env("S3_REGION", default="") or None,
                "access_key": env("S3_ACCESS_KEY", default="") or None,
                "secret_key": env("S3_SECRET_KEY", default="") or None,
                "location": env("S3_PREFIX", default=""),
            },
        }
        if S3_BUCKET
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(MEDIA_ROOT), "file_permissions_mode": 0o600},
        }
    ),
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
if not env.bool("MANIFEST_STATIC", default=not DEBUG):
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site reads even static files
S3_CONNECT_SECONDS = env.float("S3_CONNECT_SECONDS", default=5)
S3_READ_SECONDS = env.float("S3_READ_SECONDS", default=20)
S3_TRIES = env.int("S3_TRIES", default=3)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# --- browsers' guards
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
SESSION_COOKIE_AGE = 10 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "django_language"
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_SAMESITE = HTTPS, "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # its cookie would have no prefix
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_TRUSTED_ORIGINS = [PORTAL_URL] if PORTAL_URL.startswith("http") else []
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# --- encryption at rest: `id:base64 of 32 bytes`, comma separated, the first one encrypts
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])

# --- the journal: where its head is told each night, outside the database: "mail" to the operators, the path of a file
JOURNAL_ANCHOR = env.list("JOURNAL_ANCHOR", default=["mail"])

# --- alerts to operators go by e-mail, and to this address (https). Networks (CIDR) that it may be in though not public
ALERT_WEBHOOK_URL = env("ALERT_WEBHOOK_URL", default="")
ALERT_WEBHOOK_SECRET = env("ALERT_WEBHOOK_SECRET", default="")  # signs each body: X-Pecportal-Signature
ALERT_WEBHOOK_NETWORKS = env.list("ALERT_WEBHOOK_NETWORKS", default=[])

# --- webhooks of organisations: calls at once, in all and to one receiver; networks (CIDR) allowed though not public
WEBHOOK_THREADS = env.int("WEBHOOK_THREADS", default=16)
WEBHOOK_PER_RECEIVER = env.int("WEBHOOK_PER_RECEIVER", default=4)
WEBHOOK_RUN_SECONDS = env.float("WEBHOOK_RUN_SECONDS", default=45)
WEBHOOK_NETWORKS = env.list("WEBHOOK_NETWORKS", default=[])
EVENTS_KEPT_DAYS = env.int("EVENTS_KEPT_DAYS", default=30)

# --- papers: a folder of CA certificates whose signatures are trusted; days until documents are erased
SIGNATURE_TRUST_DIR = env("SIGNATURE_TRUST_DIR", default="")
PAPERS_ERASE_DAYS = env.int("PAPERS_ERASE_DAYS", default=30)  # after the mailbox is active, or came to nothing
PAPERS_DRAFT_DAYS = env.int("PAPERS_DRAFT_DAYS", default=30)  # uploaded and never handed in
DRAFTS_ERASE_DAYS = env.int("DRAFTS_ERASE_DAYS", default=30)  # of registrations, after the last saving; 0: never

# --- uploads are looked into by processes of their own: seconds until a person is asked to try again
UPLOAD_SECONDS = env.float("UPLOAD_SECONDS", default=5.0)
CLAMD_URL = env("CLAMD_URL", default="")  # unix:///path or tcp://host:port; set: what it cannot scan is not taken
CLAMD_SECONDS = env.float("CLAMD_SECONDS", default=30.0)  # for one file

# --- the vendor. With the four addresses set it talks to any server that speaks the protocol
OPENAPI_ENV = env("OPENAPI_ENV", default="sandbox")
_SANDBOX = "http://127.0.0.1:9000" if OPENAPI_ENV == "sandbox" else ""  # where `./portal sandbox` listens
OPENAPI_PEC_URL = env("OPENAPI_PEC_URL", default=_SANDBOX)
OPENAPI_MASSIVA_URL = env("OPENAPI_MASSIVA_URL", default=_SANDBOX)
OPENAPI_COMPANY_URL = env("OPENAPI_COMPANY_URL", default=_SANDBOX)
OPENAPI_OAUTH_URL = env("OPENAPI_OAUTH_URL", default=_SANDBOX)
OPENAPI_OAUTH_VERSION = env.int("OPENAPI_OAUTH_VERSION", default=2)
OPENAPI_EMAIL = env("OPENAPI_EMAIL", default="")
OPENAPI_API_KEY = env("OPENAPI_API_KEY", default="")
OPENAPI_TOKEN = env("OPENAPI_TOKEN", default="")
OPENAPI_CONNECT_TIMEOUT = env.float("OPENAPI_CONNECT_TIMEOUT", default=10)
OPENAPI_READ_TIMEOUT = env.float("OPENAPI_READ_TIMEOUT", default=60)
OPENAPI_SEND_DEADLINE = env.float("OPENAPI_SEND_DEADLINE", default=90)

# --- sending: requests a second to one mailbox, threads of one pump, what a tired vendor gets as rest
SENDING_RATE = env.float("SENDING_RATE", default=1.0)
LETTER_PROCESSES = env.int("LETTER_PROCESSES", default=2)  # how many print letters at once
SENDING_UNDO_SECONDS = env.float("SENDING_UNDO_SECONDS", default=300)  # in which a start can be taken back
VAT_PERCENT = env.float("VAT_PERCENT", default=22)
SENDING_THREADS = env.int("SENDING_THREADS", default=32)
SENDING_PER_MAILBOX = env.int("SENDING_PER_MAILBOX", default=4)
SENDING_PUMP_SECONDS = env.float("SENDING_PUMP_SECONDS", default=45)
SENDING_LEASE_SECONDS = env.float("SENDING_LEASE_SECONDS", default=120)
SENDING_LANE_SECONDS = env.float("SENDING_LANE_SECONDS", default=30)
SENDING_LANES_ALONE = env.int("SENDING_LANES_ALONE", default=20)  # one pump serves so many before others share them
SENDING_BREAKER_SECONDS = env.list("SENDING_BREAKER_SECONDS", cast=float, default=[30, 60, 120, 300, 600])
SENDING_HOLD_SECONDS = env.float("SENDING_HOLD_SECONDS", default=60)
SENDING_RETRY_SECONDS = env.float("SENDING_RETRY_SECONDS", default=5)
TRACKING_SECONDS = env.float("TRACKING_SECONDS", default=60)
TRACKING_IDLE_SECONDS = env.float("TRACKING_IDLE_SECONDS", default=3600)
TRACKING_LEASE_SECONDS = env.float("TRACKING_LEASE_SECONDS", default=30)
TRACKING_RUN_SECONDS = env.float("TRACKING_RUN_SECONDS", default=45)
# whether an address is looked up while it is typed; each question to the vendor may cost
MAILBOX_CHECK_WHILE_TYPING = env.bool("MAILBOX_CHECK_WHILE_TYPING", default=True)
MAILBOX_REVIEW_DAYS = env.int("MAILBOX_REVIEW_DAYS", default=2)  # working days that the vendor looks at documents
MAILBOX_FULL_PERCENT = env.int("MAILBOX_FULL_PERCENT", default=90)  # from here on nothing is sent; 101: never held

# --- look-ups: what one costs in euros ("": not known, and said so), and how long its answer is taken for fresh
LOOKUP_COMPANY_PRICE = env("LOOKUP_COMPANY_PRICE", default="")
LOOKUP_DOMAIN_PRICE = env("LOOKUP_DOMAIN_PRICE", default="")
LOOKUP_KEPT_DAYS = env.int("LOOKUP_KEPT_DAYS", default=90)

# --- the demo's clock: so many times quicker than real, counted from a real instant (Unix seconds)
CLOCK_SPEED = env.float("CLOCK_SPEED", default=1.0)
CLOCK_ORIGIN = env.float("CLOCK_ORIGIN", default=0.0)

SPECTACULAR_SETTINGS = {**fixed.SPECTACULAR_SETTINGS, "SERVERS": [{"url": PORTAL_URL}]}

# --- the API: how many requests a key has in a minute, 0: as many as it likes
API_REQUESTS_A_MINUTE = env.int("API_REQUESTS_A_MINUTE", default=3000)
COMPAT_REPEATED_HOURS = env.float("COMPAT_REPEATED_HOURS", default=24)  # the same again is a repetition

# --- numbers for Prometheus at /metrics: only with the token, or from the networks (CIDR); without either none
METRICS_TOKEN = env("METRICS_TOKEN", default="")
METRICS_NETWORKS = env.list("METRICS_NETWORKS", default=[])
METRICS = bool(METRICS_TOKEN or METRICS_NETWORKS)
METRICS_DIR = PORTAL_DATA_DIR / "metrics"  # of this machine alone
if METRICS:
    MIDDLEWARE.insert(1, "django_prometheus.middleware.PrometheusBeforeMiddleware")
    MIDDLEWARE.append("django_prometheus.middleware.PrometheusAfterMiddleware")

# --- the log: lines for people, or `json`. Errors go to Sentry, too, where its address is set
LOG_FORMAT = env("LOG_FORMAT", default="line")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "pecportal.logs.Line"}, "json": {"()": "pecportal.logs.Json"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
SENTRY_DSN = env("SENTRY_DSN", default="")
if SENTRY_DSN:
    from pecportal import reporting

    reporting.start(SENTRY_DSN, environment=OPENAPI_ENV)
