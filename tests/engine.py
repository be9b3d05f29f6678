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
PERSON = "prova@portale.example"
BODY = "<p>Gentile {{ nome }}, la informiamo che il documento è disponibile presso i nostri uffici.</p>"


def running(
    *, messages: int, recipients: list[str] | None = None, frozen: bool = True, sender: str = ADDRESS
) -> Campaign:
    """A campaign of the world's mailbox, or another, frozen and running; its recipients are delivered unless named.

    Not `frozen`, it is launching: a worker's sweep makes it ready.
    """
    addresses = recipients or [f"ditta{number}@prova.example" for number in range(messages)]
    campaign = draft(
        sender=sender, subject=SUBJECT, body=BODY, columns=["nome", "pec"], recipients_total=len(addresses)
    )
    Recipient.objects.bulk_create(
        Recipient(campaign=campaign, line=line, address=address, values={"nome": f"Ditta {line}", "pec": address})
        for line, address in enumerate(addresses, 2)
    )
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING, launched_at=clock.now())
    if frozen:
        launch.freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def draft(*, sender: str = ADDRESS, **fields: object) -> Campaign:
    """A draft of the world's mailbox, or another."""
    mailbox = _mailbox(sender)
    return Campaign.objects.create(
        organisation=mailbox.organisation,
        mailbox=mailbox,
        name="Banco di prova",
        created_by=mailbox.created_by,
        **fields,
    )


def _mailbox(address: str) -> Mailbox:
    existing = Mailbox.objects.filter(address=address).first()
    if existing is not None:
        return existing
    person = User.objects.filter(email=PERSON).first() or User.objects.create_user(PERSON)
    mailbox = Mailbox.objects.create(
        organisation=Organisation.objects.get_or_create(name="Banco di prova")[0],
        address=address,
        state=MailboxState.REGISTERED,
        vendor_state=VendorState.ACTIVE,
        created_by=person,
    )
    credentials.enter(mailbox, username=address, password=PASSWORD, actor=person)
    mailbox.refresh_from_db()
    return mailbox
