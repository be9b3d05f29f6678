"""A running campaign of many messages, made without the doors."""

from campaigns.models import Campaign, Recipient
from campaigns.sending import launch
from campaigns.states import CampaignState
from mailboxes import credentials
from mailboxes.models import Mailbox
from mailboxes.states import MailboxState, VendorState
from pecportal import clock
from pecportal.organisations.models import Organisation, User
from tests.worlds import ADDRESS, PASSWORD

SUBJECT = "Avviso {{ nome }}"
BODY = "<p>Gentile {{ nome }}, la informiamo che il documento è disponibile presso i nostri uffici.</p>"


def running(*, messages: int, recipients: list[str] | None = None) -> Campaign:
    """A campaign of the world's mailbox, frozen and running; its recipients are delivered unless named."""
    addresses = recipients or [f"ditta{number}@prova.example" for number in range(messages)]
    mailbox = _mailbox()
    campaign = Campaign.objects.create(
        organisation=mailbox.organisation,
        mailbox=mailbox,
        name="Banco di prova",
        subject=SUBJECT,
        body=BODY,
        columns=["nome", "pec"],
        recipients_total=len(addresses),
        created_by=mailbox.created_by,
    )
    Recipient.objects.bulk_create(
        Recipient(campaign=campaign, line=line, address=address, values={"nome": f"Ditta {line}", "pec": address})
        for line, address in enumerate(addresses, 2)
    )
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING, launched_at=clock.now())
    launch.freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def _mailbox() -> Mailbox:
    existing = Mailbox.objects.filter(address=ADDRESS).first()
    if existing is not None:
        return existing
    person = User.objects.create_user("prova@portale.example")
    mailbox = Mailbox.objects.create(
        organisation=Organisation.objects.create(name="Banco di prova"),
        address=ADDRESS,
        state=MailboxState.REGISTERED,
        vendor_state=VendorState.ACTIVE,
        created_by=person,
    )
    credentials.enter(mailbox, username=ADDRESS, password=PASSWORD, actor=person)
    mailbox.refresh_from_db()
    return mailbox
