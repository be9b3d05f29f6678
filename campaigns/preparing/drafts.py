"""A draft: made, named, given its sender; and the lock under which all of preparing changes it."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.models import Campaign, CampaignMailbox, history
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
    others: Iterable[Mailbox] = (),
    protocol: str = "",
    reference: str = "",
    further: Sequence[tuple[str, str]] = (),
) -> Campaign:
    """Make a draft, sent from one mailbox or from `others` as well.

    `further` are references of the office's own, each a name and a value. Raises `Refusal` when a mailbox belongs to
    somebody else or may not send campaigns.
    """
    _usable(mailbox, organisation)
    boxes = _others(mailbox, others)
    for other in boxes:
        _usable(other, organisation, field="others")
    campaign = Campaign.objects.create(
        organisation=organisation,
        name=name,
        mailbox=mailbox,
        created_by=actor,
        protocol=protocol,
        reference=reference,
        further=[list(pair) for pair in further],
    )
    give_mailboxes(campaign, boxes)
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
    others: Iterable[Mailbox] = (),
    protocol: str = "",
    reference: str = "",
    further: Sequence[tuple[str, str]] = (),
) -> None:
    """Give a draft another name or other senders, or other numbers; the same again changes nothing.

    Raises `Refusal` when it is not a draft any more, or for a mailbox's reasons if it is a new one.
    """
    draft = locked(campaign)
    boxes = _others(mailbox, others)
    known = set(draft.further_boxes.values_list("mailbox", flat=True))
    pairs = [list(pair) for pair in further]
    before = (draft.name, draft.mailbox_id, draft.protocol, draft.reference, draft.further, known)
    if before == (name, mailbox.pk, protocol, reference, pairs, {other.pk for other in boxes}):
        return
    for box, field in [(mailbox, "mailbox"), *((other, "others") for other in boxes)]:
        if box.pk != draft.mailbox_id and box.pk not in known:
            _usable(box, draft.organisation, field=field)
    draft.name, draft.mailbox, draft.protocol, draft.reference = name, mailbox, protocol, reference
    draft.further = pairs
    draft.save(update_fields=["name", "mailbox", "protocol", "reference", "further"])
    give_mailboxes(draft, boxes)
    record("campaign.edit", actor=actor, organisation=draft.organisation, target=draft)


def locked(campaign: Campaign) -> Campaign:
    """The row anew, held until the caller's transaction ends. Raises `Refusal` when it is not a draft any more."""
    row = Campaign.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=campaign.pk)
    if row.state != CampaignState.DRAFT:
        raise Refusal(say(gettext_noop("This campaign is not a draft any more: it cannot be changed.")))
    return row


def give_mailboxes(draft: Campaign, others: Iterable[Mailbox]) -> None:
    """Make these the mailboxes of a draft beside its first one, in the caller's transaction."""
    wanted = {other.pk for other in others}
    if not wanted and not draft.is_split:
        return
    draft.further_boxes.exclude(mailbox__in=wanted).delete()
    known = set(draft.further_boxes.values_list("mailbox", flat=True))
    rows = (CampaignMailbox(campaign=draft, mailbox_id=pk) for pk in sorted(wanted - known))
    CampaignMailbox.objects.bulk_create(rows)
    draft.is_split = bool(wanted)
    draft.save(update_fields=["is_split"])


def _others(mailbox: Mailbox, others: Iterable[Mailbox]) -> list[Mailbox]:
    """The further mailboxes, each once and without the first."""
    return list({other.pk: other for other in others if other.pk != mailbox.pk}.values())


def _usable(mailbox: Mailbox, organisation: Organisation, *, field: str = "mailbox") -> None:
    if mailbox.organisation_id != organisation.pk:
        raise Refusal(_("This mailbox belongs to another organisation."), field=field)
    reason = mailbox.why_not()
    if reason is not None:
        raise Refusal(reason, field=field)
