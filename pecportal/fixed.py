"""Settings that are the same in every installation; those of one are in `settings`, which takes these over."""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from pecportal.api import guide

BASE_DIR = Path(__file__).resolve().parent.parent

# --- what it is made of
INSTALLED_APPS = [
    "pecportal.apps.PortalConfig",
    "pecportal.organisations",
    "pecportal.programs.apps.ProgramsConfig",
    "pecportal.api.apps.ApiConfig",
    "pecportal.journal",
    "pecportal.operation",
    "pecportal.registers",
    "pecportal.sandbox",
    "pecportal.signin",
    "pecportal.webhooks",
    "mailboxes",
    "campaigns",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "pecportal.operation.probes.Probes",
    "pecportal.logs.RequestIds",
    "pecportal.api.problems.Problems",
    "campaigns.compat.answers.VendorsShape",
    "pecportal.tls.NoDetour",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "pecportal.pages.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "pecportal.journal.middleware.Witness",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pecportal.signin.guard.Guard",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pecportal.pages.PrivatePages",
    "pecportal.pages.FilesAway",
]
ROOT_URLCONF = "pecportal.urls"
WSGI_APPLICATION = "pecportal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "pecportal.pages.portal",
                "campaigns.navigation.doubts",
                "campaigns.navigation.failing",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- people
AUTH_USER_MODEL = "organisations.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "pecportal.signin.passwords.GuessedFirst"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_ADAPTER = "pecportal.signin.adapter.Door"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation, or an operator, has seen to it
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "pecportal: "
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,100/d/ip,5/5m/key,40/d/key", "reset_password": "20/m/ip,3/10m/key"}
MFA_ADAPTER = "pecportal.signin.adapter.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are not verified by the library here
MFA_RECOVERY_CODES_SHOW_ONCE = True
SESSION_IDLE_SECONDS, SESSION_LONGEST_SECONDS = 30 * 60, 10 * 3600
SESSION_IDLE_SECONDS_STAFF, SESSION_LONGEST_SECONDS_STAFF = 15 * 60, 8 * 3600

# --- words and times
LANGUAGE_CODE = "it"
LANGUAGES = [("it", _("Italian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "pecportal" / "locale"]
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["pecportal.formats"]
TIME_ZONE = "Europe/Rome"

# --- browsers' guards
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- the API
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "pecportal.api.schema.Schema",
    "EXCEPTION_HANDLER": "pecportal.api.problems.problem",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "pecportal",
    "DESCRIPTION": guide.DESCRIPTION,
    "TAGS": guide.TAGS,
    "SORT_OPERATIONS": False,
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "WebhookState": "pecportal.webhooks.models.WebhookState",
        "DeliveryState": "pecportal.webhooks.models.DeliveryState",
        "MailboxKind": "mailboxes.states.Kind.values",
        "HolderKind": "mailboxes.models.application.CustomerType",
        "MailboxOrderKind": "mailboxes.models.orders.OrderKind.values",
        "CampaignState": "campaigns.states.CampaignState.values",
    },
    "AUTHENTICATION_WHITELIST": ["pecportal.api.authentication.ByKey"],
}
