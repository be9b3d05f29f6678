"""The project as an application: its checks, commands and admin base."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Registers the start-up checks."""

    name = "pecportal"
    label = "pecportal"

    def ready(self) -> None:
        """Load the checks, which register themselves."""
        from pecportal import checks  # noqa: F401
