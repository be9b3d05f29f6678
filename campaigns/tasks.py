"""Background jobs of campaigns: each a line that calls a work function."""

from campaigns.sending import expired, launch
from campaigns.sending import pump as pumping
from campaigns.tracking import deadlines, intake, reading
from pecportal import vendor


def freeze(campaign_id: int) -> None:
    """Make a launching campaign's messages."""
    launch.freeze(campaign_id)


def pump() -> None:
    """Send what is due."""
    expired.settle()
    pumping.run(client=vendor.connect())


def track() -> None:
    """Read the inboxes."""
    reading.run(client=vendor.connect())


def sweep() -> None:
    """Find what lost jobs left behind, and what time alone has changed."""
    expired.settle()
    intake.settle_proven()
    launch.relaunch_lost()
    launch.complete()
    deadlines.apply()
