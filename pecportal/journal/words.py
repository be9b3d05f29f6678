"""Each act as a sentence for people. `%(what)s` is what it was done to: its name, or its number."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Final[dict[str, str | Promise]] = {
    "access.refused": _("Something was refused that is not there, or not theirs"),
    "access.sign_in": _("Signed in"),
    "access.sign_in_failed": _("Somebody could not sign in"),
    "access.sign_out": _("Signed out"),
    "account.save": _("The account at the provider %(what)s was saved"),
    "account.test": _("The account at the provider %(what)s was tested"),
    "campaign.add_own_file": _("A file for one recipient was added to the campaign %(what)s"),
    "campaign.approve": _("The campaign %(what)s was approved"),
    "campaign.attach": _("An attachment was added to the campaign %(what)s"),
    "campaign.cancel_archive": _("An archive of the campaign %(what)s was put away"),
    "campaign.check": _("The check before sending of the campaign %(what)s was asked for"),
    "campaign.check_domains": _("The provider was asked about the domains of the campaign %(what)s"),
    "campaign.checked": _("The check before sending of the campaign %(what)s was made"),
    "campaign.close_failures": _("Failures of the campaign %(what)s were closed"),
    "campaign.completed": _("The campaign %(what)s was completed"),
    "campaign.copy": _("The campaign %(what)s was made as a copy"),
    "campaign.create": _("The campaign %(what)s was created"),
    "campaign.detach": _("An attachment was removed from the campaign %(what)s"),
    "campaign.edit": _("The campaign %(what)s was changed"),
    "campaign.edit_text": _("The text of the campaign %(what)s was changed"),
    "campaign.go_without_own_files": _("Recipients of the campaign %(what)s were left without a file of their own"),
    "campaign.halt": _("The portal stopped the campaign %(what)s by itself"),
    "campaign.launch": _("The campaign %(what)s was started"),
    "campaign.launch_failed": _("The start of the campaign %(what)s failed"),
    "campaign.leave_out_own_files": _("Files of the campaign %(what)s were left out"),
    "campaign.make_letters": _("The letters of the campaign %(what)s were ordered"),
    "campaign.pause": _("The campaign %(what)s was paused"),
    "campaign.pilot_passed": _("The first messages of the campaign %(what)s arrived as expected"),
    "campaign.pilot_stopped": _("The campaign %(what)s stopped after its first messages"),
    "campaign.place_own_file": _("A file of the campaign %(what)s was given to a recipient"),
    "campaign.receive_archive": _("An archive was uploaded to the campaign %(what)s"),
    "campaign.reject": _("The campaign %(what)s was sent back"),
    "campaign.remove_letter": _("The letter of the campaign %(what)s was removed"),
    "campaign.remove_own_file": _("A recipient's file was removed from the campaign %(what)s"),
    "campaign.reopen": _("The campaign %(what)s was opened again"),
    "campaign.resume": _("The campaign %(what)s was resumed"),
    "campaign.schedule": _("The times of the campaign %(what)s were changed"),
    "campaign.skip_faulty_rows": _("Faulty rows of the campaign %(what)s were left out"),
    "campaign.stop": _("The campaign %(what)s was stopped for good"),
    "campaign.submit": _("The campaign %(what)s was submitted for approval"),
    "campaign.take_back": _("The campaign %(what)s was taken back from approval"),
    "campaign.test": _("A test message of the campaign %(what)s was sent"),
    "campaign.undo": _("The start of the campaign %(what)s was undone"),
    "campaign.upload_list": _("A list of recipients was uploaded to the campaign %(what)s"),
    "campaign.write_letter": _("The letter of the campaign %(what)s was written"),
    "console.add": _("%(what)s was added in the console"),
    "console.change": _("%(what)s was changed in the console"),
    "console.delete": _("%(what)s was deleted in the console"),
    "contact.change": _("The contact %(what)s was changed"),
    "deployment.elsewhere": _("Sending was switched off: the database belongs to another installation"),
    "deployment.restored": _("Sending was switched off: the database was restored from a backup"),
    "deployment.sending_on": _("Sending was switched on again"),
    "found.offer": _("It was decided whose the found mailbox %(what)s is"),
    "ipa.load": _("The register of public bodies was loaded"),
    "journal.check": _("The journal was to be verified"),
    "journal.export": _("The journal was exported"),
    "letterhead.remove": _("The letterhead %(what)s was removed"),
    "letterhead.save": _("The letterhead %(what)s was saved"),
    "lookup.order": _("Addresses were looked up: %(what)s"),
    "mailbox.account": _("The mailbox %(what)s was given to another account at the provider"),
    "mailbox.adopt": _("The mailbox %(what)s was adopted"),
    "mailbox.ask_again": _("The provider was asked again about the mailbox %(what)s"),
    "mailbox.credentials": _("The password of the mailbox %(what)s was entered"),
    "mailbox.credentials_refused": _("The provider refused the password of the mailbox %(what)s"),
    "mailbox.discard": _("The registration of the mailbox %(what)s was discarded"),
    "mailbox.hand_in": _("The documents of the mailbox %(what)s were handed in"),
    "mailbox.paper_erased": _("A document of the mailbox %(what)s was erased"),
    "mailbox.paper_put": _("A document of the mailbox %(what)s was uploaded"),
    "mailbox.paper_seen": _("A document of the mailbox %(what)s was looked at"),
    "mailbox.paper_taken_back": _("A document of the mailbox %(what)s was taken back"),
    "mailbox.plan": _("The plan of the mailbox %(what)s was changed"),
    "mailbox.record": _("The mailbox %(what)s was recorded by hand"),
    "mailbox.register": _("The mailbox %(what)s was ordered from the provider"),
    "mailbox.start": _("The registration of the mailbox %(what)s was begun"),
    "mailbox.state": _("The provider's state of the mailbox %(what)s changed"),
    "mailbox.tax_code_overruled": _("A tax code of the mailbox %(what)s was accepted although it does not fit"),
    "message.called_back": _("A receipt called back what was recorded of the message %(what)s"),
    "message.decide": _("It was decided what becomes of the message %(what)s, which was in doubt"),
    "message.decision_confirm": _("A second person confirmed the decision about the message %(what)s"),
    "message.decision_withdraw": _("The decision about the message %(what)s was withdrawn"),
    "message.found_sent": _("A receipt proved that the message %(what)s had been sent"),
    "message.incident": _("A contradiction about the message %(what)s was found"),
    "message.incident_seen": _("The contradiction about the message %(what)s was looked at"),
    "order.confirm": _("A second person confirmed the order for the mailbox %(what)s"),
    "order.give": _("Something was ordered for the mailbox %(what)s"),
    "order.settle": _("It was said how the order for the mailbox %(what)s ended"),
    "order.state": _("The order for the mailbox %(what)s went on"),
    "order.withdraw": _("The order for the mailbox %(what)s was withdrawn"),
    "plan.save": _("The plan %(what)s was saved"),
    "receipt.link": _("The receipt %(what)s was given to a message"),
    "receipt.put_aside": _("The receipt %(what)s was put aside"),
    "receipt.undo": _("What was decided about the receipt %(what)s was undone"),
    "switch.off": _("Sending was switched off: %(what)s"),
    "switch.on": _("What was switched off was switched on again: %(what)s"),
    "text.keep": _("The text %(what)s was kept for later"),
    "text.put_away": _("The kept text %(what)s was put away"),
}


def add(sentences: dict[str, Promise]) -> None:
    """Make more acts known; an application does so when it is ready."""
    SENTENCES.update(sentences)


def title(action: str) -> str:
    """The act by itself, for lists to choose from."""
    return " ".join((str(SENTENCES.get(action, action)) % {"what": ""}).replace(" ,", ",").split())


def sentence(action: str, what: str) -> str:
    """The act done to something; an act that nobody has put into words stands as it is."""
    known = SENTENCES.get(action)
    return f"{action} {what}".strip() if known is None else str(known) % {"what": what or "–"}
