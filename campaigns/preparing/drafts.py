"""A draft: made, named, given its sender; and the lock under which all of preparing changes it."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.models import Campaign, history
from campaigns.states import CampaignState
from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User
from pecportal.told import say


@transaction.atomic
def create(
    organisation: Organisation,
    *,
    name: str,
    mailbox: Mailbox,
    actor: User,
    protocol: str = "",
    reference: str = "",
    further: Sequence[tuple[str, str]] = (),
) -> Campaign:
    """Make a draft; `further` are references of the office's own, each a name and a value.

    Raises `Refusal` when the mailbox belongs to somebody else or may not send campaigns.
    """
    _usable(mailbox, organisation)
    campaign = Campaign.objects.create(
        organisation=organisation,
        name=name,
        mailbox=mailbox,
        created_by=actor,
        protocol=protocol,
        reference=reference,
        further=[list(pair) for pair in further],
    )
    history.note([campaign.pk], CampaignState.DRAFT, by=actor)
    record("campaign.create", actor=actor, organisation=organisation, target=campaign)
    return campaign


@transaction.atomic
def edit(
    campaign: Campaign,
    *,
    name: str,
    mailbox: Mailbox,
    actor: User,
    protocol: str = "",
    reference: str = "",
    further: Sequence[tuple[str, str]] = (),
) -> None:
    """Give a draft another name or sender, or other numbers; the same again changes nothing.

    Raises `Refusal` when it is not a draft any more, or for the mailbox's reasons if it is a new one.
    """
    draft = locked(campaign)
    pairs = [list(pair) for pair in further]
    before = (draft.name, draft.mailbox_id, draft.protocol, draft.reference, draft.further)
    if before == (name, mailbox.pk, protocol, reference, pairs):
        return
    if draft.mailbox_id != mailbox.pk:
        _usable(mailbox, draft.organisation)
    draft.name, draft.mailbox, draft.protocol, draft.reference = name, mailbox, protocol, reference
    draft.further = pairs
    draft.save(update_fields=["name", "mailbox", "protocol", "reference", "further"])
    record("campaign.edit", actor=actor, organisation=draft.organisation, target=draft)


def locked(campaign: Campaign) -> Campaign:
    """The row anew, held until the caller's transaction ends. Raises `Refusal` when it is not a draft any more."""
    row = Campaign.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=campaign.pk)
    if row.state != CampaignState.DRAFT:
        raise Refusal(say(gettext_noop("This campaign is not a draft any more: it cannot be changed.")))
    return row


def _usable(mailbox: Mailbox, organisation: Organisation) -> None:
    if mailbox.organisation_id != organisation.pk:
        raise Refusal(_("This mailbox belongs to another organisation."), field="mailbox")
    reason = mailbox.why_not()
    if reason is not None:
        raise Refusal(reason, field="mailbox")
