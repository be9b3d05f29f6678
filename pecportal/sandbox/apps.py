"""The simulated vendor is an application of Django's only for the sake of its command."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Brings `manage.py sandbox`; there are no models."""

    name = "pecportal.sandbox"
    label = "sandbox"
    verbose_name = "Sandbox"
