"""Background jobs of the portal's own watch: each a line or two that call work functions."""

from pecportal import antivirus
from pecportal.operation import letters, liveness, tidying, wallets, watching


def canary(lane: str, host: str = "") -> None:
    """Show that the lane makes progress, on that machine if one is named, and look after all."""
    liveness.beat(lane, host=host)
    if not host:
        liveness.forget_gone()
    liveness.tell()
    liveness.run_errands(lane)


def read_wallets() -> None:
    """Read the credit of the accounts, and tell the operators what changed."""
    wallets.read_all()
    letters.send()


def ring_letters() -> None:
    """Look after the vendor, the disk and the clock, and have the operators told what is due."""
    watching.run()
    letters.ring()


def send_letters() -> None:
    """Send the letters to operators that are due."""
    letters.send()


def ask_scanner() -> None:
    """Tell the operators whether the virus scanner answers."""
    antivirus.watch()


def tidy() -> None:
    """Drop what nobody needs any more."""
    tidying.run()
