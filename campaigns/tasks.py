"""Background jobs of campaigns: each a line that calls a work function."""

from campaigns import alarms, auditing, figures, tallying
from campaigns.models import Campaign
from campaigns.preparing import (
    approving,
    contact_runs,
    contact_work,
    domains,
    letters,
    merging,
    preflight,
    readings,
    unpacking,
    waste,
)
from campaigns.proving import packages
from campaigns.sending import expired, launch, pilots
from campaigns.sending import pump as pumping
from campaigns.tracking import deadlines, intake, reading, room, searching, silence
from mailboxes.models import Mailbox
from pecportal import vendor
from pecportal.operation import deployment


def freeze(campaign_id: int) -> None:
    """Make a launching campaign's messages."""
    launch.freeze(campaign_id)


def unpack(intake_id: int) -> None:
    """Take in an archive of own files."""
    unpacking.unpack(intake_id)


def merge(campaign_id: int) -> None:
    """Put a draft's text together with each row of its list."""
    merging.run(campaign_id)


def make_letters(campaign_id: int) -> None:
    """Print the letters of a draft."""
    letters.run(campaign_id)


def make_sheet(sheet_id: int) -> None:
    """Make the sheet of a check before sending."""
    preflight.make(sheet_id)


def tell(submission_id: int) -> None:
    """Write to those whom a submission concerns."""
    approving.tell(submission_id)


def read_list(reading_id: int) -> None:
    """Take an uploaded list in."""
    readings.run(reading_id)


def work_contacts(run_id: int) -> None:
    """Take many contacts in, or hand them out."""
    contact_work.run(run_id)


def check_domains(campaign_id: int) -> None:
    """Ask the provider about the domains of a list."""
    campaign = Campaign.objects.select_related("organisation__vendor_account").get(pk=campaign_id)
    domains.check(campaign_id, client=vendor.connect(campaign.organisation.vendor_account))


def make_package(package_id: int) -> None:
    """Gather a campaign's evidence."""
    packages.make(package_id)


def tidy_lists() -> None:
    """Remove what is left of lists that are none any more."""
    readings.tidy()


def clear_waste() -> None:
    """Remove the bytes of files that were removed."""
    waste.clear()


def pump() -> None:
    """Send what is due."""
    expired.settle()
    launch.begin_due()
    pumping.run()


def track() -> None:
    """Read the inboxes."""
    reading.run()
    pilots.watch()


def read_whole(mailbox_id: int) -> None:
    """Read the whole of an inbox that is too large to be read between others."""
    mailbox = Mailbox.objects.select_related(*vendor.RELATED).get(pk=mailbox_id)
    reading.read_whole(mailbox_id, client=vendor.connect_for(mailbox))


def search() -> None:
    """Look for what is in doubt."""
    searching.run()


def search_one(attempt_id: int) -> None:
    """Look for one that is in doubt, since a person asked."""
    searching.search_now(attempt_id)


def tally() -> None:
    """Count what the console's first page shows."""
    tallying.run()


def sweep() -> None:
    """Find what lost jobs left behind, and what time alone has changed."""
    expired.settle()
    intake.settle_proven()
    if deployment.is_off():
        intake.adopt_unknown()
    preflight.make_lost()
    approving.tell_untold()
    launch.relaunch_lost()
    launch.begin_due()
    pilots.watch()
    launch.complete()
    readings.sweep()
    merging.resume_lost()
    contact_runs.sweep()
    domains.sweep()
    deadlines.apply()
    unpacking.resume_lost()
    letters.resume_lost()
    waste.ring()
    packages.sweep()
    silence.watch()
    room.ask_often()


def count() -> None:
    """Count what whoever watches from outside wants to know."""
    figures.count()


def watch() -> None:
    """Raise and end the alerts of campaigns."""
    alarms.watch()


def selfaudit() -> None:
    """Ask the rows whether every promise holds."""
    auditing.run()
