"""The project as an application: its checks, commands and admin base."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class PortalConfig(AppConfig):
    """Registers the start-up checks, and what is done with each new connection to the database."""

    name = "pecportal"
    label = "pecportal"

    def ready(self) -> None:
        """Load the checks, which register themselves."""
        from pecportal import checks, clock  # noqa: F401

        connection_created.connect(clock.compare_at_connecting, dispatch_uid="clock")
