"""What each job of the queue does, for operators: its function's name means something in the log alone."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Final[dict[str, Promise]] = {
    "campaigns.tasks.check_domains": _("Ask the provider about the domains of a list"),
    "campaigns.tasks.clear_waste": _("Remove the bytes of files that were removed"),
    "campaigns.tasks.count": _("Count for whoever watches from outside"),
    "campaigns.tasks.freeze": _("Make the messages of a campaign that starts"),
    "campaigns.tasks.make_letters": _("Print the letters of a draft"),
    "campaigns.tasks.make_package": _("Gather the evidence of a campaign"),
    "campaigns.tasks.make_sheet": _("Make the sheet of a check before sending"),
    "campaigns.tasks.merge": _("Put a draft's text together with each row of its list"),
    "campaigns.tasks.pump": _("Send what is due"),
    "campaigns.tasks.read_list": _("Take an uploaded list in"),
    "campaigns.tasks.read_whole": _("Read the whole of a large inbox"),
    "campaigns.tasks.search": _("Look for what is in doubt"),
    "campaigns.tasks.search_one": _("Look for one message that is in doubt"),
    "campaigns.tasks.selfaudit": _("Ask the rows whether every promise holds"),
    "campaigns.tasks.sweep": _("Go on with what lost jobs of campaigns left behind"),
    "campaigns.tasks.tally": _("Count what the console's first page shows"),
    "campaigns.tasks.tell": _("Write to those whom an approval concerns"),
    "campaigns.tasks.tidy_lists": _("Remove what is left of former lists"),
    "campaigns.tasks.track": _("Read the inboxes"),
    "campaigns.tasks.unpack": _("Take in an archive of recipients' own files"),
    "campaigns.tasks.watch": _("Raise and end the alerts of campaigns"),
    "campaigns.tasks.work_contacts": _("Take many contacts in, or hand them out"),
    "mailboxes.tasks.carry_out": _("Carry out a renewal or a revocation"),
    "mailboxes.tasks.erase_drafts": _("Erase registrations with which nobody went on"),
    "mailboxes.tasks.erase_papers": _("Erase papers that nobody needs any more"),
    "mailboxes.tasks.fetch_form": _("Fetch an activation form"),
    "mailboxes.tasks.read_space": _("Read how full a mailbox is"),
    "mailboxes.tasks.reconcile": _("Compare the provider's list of mailboxes with ours"),
    "mailboxes.tasks.refresh": _("Read a mailbox's state"),
    "mailboxes.tasks.refresh_after_call": _("Read a mailbox's state, since the provider called"),
    "mailboxes.tasks.register": _("Ask the provider for a mailbox"),
    "mailboxes.tasks.send_notices": _("Send letters to clerks"),
    "mailboxes.tasks.submit_documents": _("Hand documents in"),
    "mailboxes.tasks.sweep": _("Go on with what lost jobs of mailboxes left behind"),
    "mailboxes.tasks.watch": _("Raise and end the alerts of mailboxes that expire"),
    "pecportal.api.tasks.tidy": _("Drop kept answers of the API that are too old"),
    "pecportal.journal.tasks.check": _("Verify the journal, since somebody asked"),
    "pecportal.journal.tasks.nightly": _("Verify the journal, and tell the outside where its head is"),
    "pecportal.journal.tasks.sweep": _("Go on with what lost jobs of the journal left behind"),
    "pecportal.operation.tasks.ask_scanner": _("See whether the virus scanner answers"),
    "pecportal.operation.tasks.canary": _("Show that the lane makes progress"),
    "pecportal.operation.tasks.read_wallets": _("Read the credit of the accounts"),
    "pecportal.operation.tasks.ring_letters": _("Look after the provider, the disk and the clock"),
    "pecportal.operation.tasks.send_letters": _("Send letters to operators"),
    "pecportal.operation.tasks.tidy": _("Drop what nobody needs any more"),
    "pecportal.organisations.tasks.send_invitation": _("Send an invitation"),
    "pecportal.organisations.tasks.send_invitations": _("Send invitations that are still due"),
    "pecportal.organisations.tasks.tell_glass": _("Tell administrators of an emergency access"),
    "pecportal.organisations.tasks.tell_glasses": _("Tell of emergency accesses that are still untold"),
    "pecportal.registers.tasks.look_up": _("Look addresses up"),
    "pecportal.registers.tasks.sweep": _("Go on with look-ups that lost jobs left behind"),
    "pecportal.signin.tasks.send_reset": _("Send the link for a new password"),
    "pecportal.webhooks.tasks.deliver": _("Deliver events to webhooks"),
    "pecportal.webhooks.tasks.forget": _("Drop old events and deliveries"),
    "pecportal.webhooks.tasks.tell": _("Write to administrators about webhooks that were switched off"),
}


def words(task: str) -> str:
    """What the job does; its function's name where none is known, as of an earlier version."""
    return str(WORDS.get(task, task))
