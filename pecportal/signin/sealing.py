"""The secrets of second factors, as the rotation of keys sees them."""

from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction

from pecportal import encryption

_SEALED = ("secret", "seed")  # of an authenticator app, of recovery codes
_CONTEXT = "mfa"


class Authenticators:
    """Rows whose JSON holds sealed values; a passkey's holds none: its public key is no secret."""

    name = "second factors"

    def sealed(self) -> Iterator[tuple[int, str]]:
        """Every row that has one, by id."""
        for pk, data in Authenticator.objects.order_by("pk").values_list("pk", "data").iterator():
            yield from ((pk, text) for text in _values(data).values())

    def reseal(self, pk: int) -> bool:
        """Seal anew what the row holds; under its lock, since a recovery code that is used changes it."""
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None or not _values(row.data):
                return False
            for name, text in _values(row.data).items():
                row.data[name] = encryption.seal(encryption.unseal(text, context=_CONTEXT), context=_CONTEXT)
            row.save(update_fields=["data"])
        return True


def _values(data: dict[str, object]) -> dict[str, str]:
    return {name: str(data[name]) for name in _SEALED if data.get(name)}
