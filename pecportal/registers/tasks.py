"""Background jobs of look-ups."""

from pecportal import vendor
from pecportal.registers import looking
from pecportal.registers.models import LookUp


def look_up(lookup_id: int) -> None:
    """Ask for what still waits."""
    lookup = LookUp.objects.select_related("organisation__vendor_account").get(pk=lookup_id)
    looking.look_up(lookup_id, client=vendor.connect(lookup.organisation.vendor_account))


def sweep() -> None:
    """Go on with what lost jobs left behind."""
    looking.sweep()
