"""One message of a draft, sent to an address of one's own: marked as a test, counted by the caps and kept like any."""

import hashlib
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import addresses, carried, sentences, text
from campaigns.models import Campaign, Recipient, history
from campaigns.preparing import copying
from campaigns.states import CampaignState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation import deployment
from pecportal.organisations.models import User
from pecportal.queue import enqueue

MARK = "[PROVA] "
A_DAY = 20  # tests of one campaign: more would be a campaign that nobody approved
AT_ONCE = timedelta(seconds=30)  # within which the same test again is the same


def send(campaign: Campaign, *, line: int, address: str, actor: User) -> Campaign:
    """Send the message of a row to `address` as a test, and return the campaign of one message that carries it.

    The same again within moments is the same test. Raises `Refusal` when the mailbox may not send, the text does not
    fit, the address is none, or there were many tests today.
    """
    to = _checked(campaign, address)
    row = campaign.recipients.filter(line=line).first()
    if row is None:
        raise Refusal(_("The list has no such row any more."))
    _fits(campaign, row)
    copies = copying.files(carried.of(campaign.pk).of(row.line))
    test = None
    try:
        with transaction.atomic():
            locked = Campaign.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=campaign.pk)
            found = _same(locked, row.line, to)
            if found is not None:
                return found
            test = _make(locked, row, to, actor)
            copying.give(test, copies)
    finally:
        if test is None:
            copying.discard(copies)
    return test


def _checked(campaign: Campaign, address: str) -> str:
    if not campaign.is_prepared or campaign.is_test:
        raise Refusal(_("This campaign is not a draft any more."))
    if why := deployment.why_off():
        raise Refusal(deployment.sentence(why))
    if reason := campaign.mailbox.why_not_now():
        raise Refusal(reason)
    try:
        return addresses.parse(address)
    except addresses.AddressProblem as exc:
        raise Refusal(sentences.of_address(exc), field="address") from exc


def _fits(campaign: Campaign, row: Recipient) -> None:
    try:
        text.Letter.of(MARK + campaign.subject, campaign.body).render(row.values, line=row.line)
    except text.MissingValue as exc:
        raise Refusal(sentences.of_missing(exc)) from exc
    except text.TextProblem as exc:
        raise Refusal(_("With the mark of a test: %(sentence)s") % {"sentence": sentences.of_text(exc)}) from exc


def _same(campaign: Campaign, line: int, address: str) -> Campaign | None:
    """The same test, if it was asked for a moment ago. Raises `Refusal` when there were too many."""
    now = clock.now()
    today = campaign.tests.filter(launched_at__gt=now - timedelta(days=1))
    just_now = today.filter(launched_at__gt=now - AT_ONCE, recipient_rows__line=line, recipient_rows__address=address)
    found = just_now.first()
    if found is None and today.count() >= A_DAY:
        raise Refusal(
            _("There were %(count)s tests of this campaign within a day: no more are sent.") % {"count": A_DAY}
        )
    return found


def _make(campaign: Campaign, row: Recipient, address: str, actor: User) -> Campaign:
    now = clock.now()
    test = Campaign.objects.create(
        organisation=campaign.organisation,
        mailbox_id=campaign.mailbox_id,
        name=_("Test of %(name)s") % {"name": campaign.name[:180]},
        subject=MARK + campaign.subject,
        body=campaign.body,
        columns=campaign.columns,
        recipients_total=1,
        state=CampaignState.LAUNCHING,
        state_since=now,
        created_by=actor,
        launched_by=actor,
        launched_at=now,
        test_of=campaign,
    )
    Recipient.objects.create(campaign=test, line=row.line, address=address, values=row.values)
    history.note([test.pk], CampaignState.LAUNCHING, by=actor)
    facts = {"test": test.pk, "address_sha256": hashlib.sha256(address.encode()).hexdigest()}
    record("campaign.test", actor=actor, organisation=campaign.organisation, target=campaign, **facts)
    enqueue("campaigns.tasks.freeze", test.pk)
    return test
