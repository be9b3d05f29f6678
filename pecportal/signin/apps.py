"""The application of signing in."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignInConfig(AppConfig):
    """Listens to what the library tells, closes the console's own door, names what is sealed."""

    name = "pecportal.signin"
    label = "signin"
    verbose_name = _("Sign-in")

    def ready(self) -> None:
        """Models are ready only now."""
        from pecportal import rotation
        from pecportal.signin import journalling, sealing

        journalling.listen()
        rotation.register(sealing.Authenticators())
