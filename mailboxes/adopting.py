"""Mailboxes that were not registered here: recorded by hand, or found in the vendor's list and adopted."""

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from mailboxes import changes, expiring, following
from mailboxes.models import Found, Mailbox, Plan
from mailboxes.models.acts import Source
from mailboxes.states import Kind, MailboxState, VendorState
from pecportal import clock, vendor
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation import alerts
from pecportal.organisations.models import Organisation, User, VendorAccount
from pecportal.upstream import Upstream
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)
ALERT: Final = "mailbox.unlisted"  # its key is the mailbox
OFFERED: Final = "mailboxes.found"  # what was found and belongs to nobody yet
_GONE: Final = (VendorState.CLOSED, VendorState.CANCELLED)
_ASKED: Final = (MailboxState.REGISTERING, MailboxState.UNCERTAIN)


@transaction.atomic
def record_by_hand(
    organisation: Organisation, *, address: str, plan: Plan | None, expires_at: datetime | None, actor: User
) -> Mailbox:
    """Take down a PEC Massiva mailbox bought elsewhere; a person's word counts until the vendor's list shows it.

    Raises `Refusal` when the portal has the address already.
    """
    address = address.strip().lower()
    Organisation.objects.select_for_update().get(pk=organisation.pk)  # two people at once record one
    if Mailbox.objects.filter(organisation=organisation, address=address).exclude(vendor_state__in=_GONE).exists():
        raise Refusal(_("Your organisation has a mailbox with this address already."), field="address")
    mailbox = Mailbox.objects.create(
        organisation=organisation,
        address=address,
        kind=Kind.MASSIVE,
        plan=plan,
        state=MailboxState.REGISTERED,
        state_since=clock.now(),
        vendor_state=VendorState.ACTIVE,
        is_by_hand=True,
        expires_at=expires_at,
        created_by=actor,
    )
    changes.note(mailbox, VendorState.ACTIVE, source=Source.PERSON, by=actor)
    record("mailbox.record", actor=actor, organisation=organisation, target=mailbox)
    return mailbox


def reconcile(*, client: Upstream, account: VendorAccount | None = None) -> int:
    """Compare an account's list with the portal's mailboxes; how many of it the portal does not have.

    What was recorded by hand and is listed is followed from now on; what is listed and unknown is offered; what the
    portal has and the list does not is told to the operators. A list that cannot be had changes nothing.
    """
    try:
        listed = client.pec.list()
    except UpstreamError as exc:
        logger.warning("The list of mailboxes could not be read: %s", type(exc).__name__)
        return 0
    for casella in listed:
        _link(casella, account)
    known = set(Mailbox.objects.exclude(vendor_id="").values_list("vendor_id", flat=True))
    unknown = [each for each in listed if each.id and each.id not in known and not _is_being_asked_for(each)]
    for casella in unknown:
        _offer(casella, account)
    Found.objects.filter(adopted_as=None, account=account).exclude(vendor_id__in=[each.id for each in unknown]).delete()
    _tell_unlisted([casella.id for casella in listed], account)
    waiting = Found.objects.filter(adopted_as=None, organisation=None, is_refused=False).count()
    if waiting:
        alerts.alert(OFFERED, "account", mailboxes=waiting)
    else:
        alerts.all_clear(OFFERED, "account")
    return len(unknown)


@transaction.atomic
def adopt(found: Found, *, plan: Plan | None, actor: User) -> Mailbox:
    """Make a found mailbox that of the organisation it is offered to; raises `Refusal` when it is not any more."""
    row = Found.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=found.pk)
    if row.organisation is None or row.adopted_as_id or row.is_refused or _is_taken(row.vendor_id):
        raise Refusal(_("This mailbox cannot be adopted any more."))
    mailbox = Mailbox.objects.create(
        organisation=row.organisation,
        address=row.address,
        kind=row.kind if row.kind in Kind.values else Kind.STANDARD,
        plan=plan,
        state=MailboxState.REGISTERED,
        state_since=clock.now(),
        vendor_account=row.account,
        vendor_id=row.vendor_id,
        vendor_state=row.vendor_state,
        expires_at=row.expires_at,
        refresh_at=clock.now(),
        created_by=actor,
    )
    row.adopted_as = mailbox
    row.save(update_fields=["adopted_as"])
    changes.note(mailbox, row.vendor_state, source=Source.PERSON, by=actor)
    record("mailbox.adopt", actor=actor, organisation=row.organisation, target=mailbox)
    return mailbox


@transaction.atomic
def offer_to(found: Found, organisation: Organisation | None, *, is_refused: bool, actor: User) -> None:
    """Say whose a found mailbox is, or that it is nobody's here: an operator's word. Raises `Refusal` once adopted."""
    row = Found.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if row.adopted_as_id:
        raise Refusal(_("This mailbox has been adopted already."))
    Found.objects.filter(pk=row.pk).update(organisation=organisation, is_refused=is_refused)
    told = {
        "before": {"organisation": row.organisation_id, "is_refused": row.is_refused},
        "after": {"organisation": organisation.pk if organisation else None, "is_refused": is_refused},
    }
    record("found.offer", actor=actor, organisation=organisation, target=row, is_refused=is_refused, **told)


@transaction.atomic
def assign_account(mailbox: Mailbox, account: VendorAccount | None, *, actor: User) -> None:
    """Have a mailbox's calls made with this account; the one that it has already changes nothing."""
    row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
    name = account.name if account else ""
    if row.vendor_account_id != (account.pk if account else None):
        before = {"account": row.vendor_account.name if row.vendor_account else ""}
        Mailbox.objects.filter(pk=row.pk).update(vendor_account=account)
        record(
            "mailbox.account",
            actor=actor,
            organisation=row.organisation,
            target=row,
            before=before,
            after={"account": name},
            account=name,
        )


@transaction.atomic
def _link(casella: Casella, account: VendorAccount | None) -> None:
    """Follow from now on, by the vendor's id, what was recorded by hand under this address."""
    rows = Mailbox.objects.select_for_update().filter(vendor_id="", is_by_hand=True)
    found = list(rows.filter(address__iexact=casella.pec)) if casella.id and casella.pec else []
    same = [row for row in found if vendor.account_of(row) == account]
    # recorded by two offices: whose it is the list does not say
    if len(same) == 1 and not _is_taken(casella.id):
        following.take_in(same[0], casella, source=Source.POLLING)


def _is_taken(vendor_id: str) -> bool:
    return Mailbox.objects.filter(vendor_id=vendor_id).exists()


def _is_being_asked_for(casella: Casella) -> bool:
    """Whether it may be the mailbox of a registration under way or in doubt, which finds it by itself."""
    name = casella.pec.partition("@")[0]
    return Mailbox.objects.filter(state__in=_ASKED, address__istartswith=f"{name}@").exists()


def _offer(casella: Casella, account: VendorAccount | None) -> None:
    told = {
        "address": casella.pec[:254],
        "kind": casella.kind[:60],
        "vendor_state": casella.state[:60],
        "expires_at": expiring.expiry_of(casella),
        "seen_at": clock.now(),
        "account": account,
    }
    Found.objects.update_or_create(
        vendor_id=casella.id[:100],
        defaults=told,
        create_defaults={**told, "organisation": _only_organisation(account), "found_at": clock.now()},
    )


def _only_organisation(account: VendorAccount | None) -> Organisation | None:
    """The organisation to whom whatever is found belongs: the only one with this account, or of this portal."""
    rows = list(Organisation.objects.filter(vendor_account=account)[:2]) if account else []
    rows = rows or list(Organisation.objects.all()[:2])
    return rows[0] if len(rows) == 1 else None


def _tell_unlisted(ids: Collection[str], account: VendorAccount | None) -> None:
    listed = {each.casefold() for each in ids}
    living = Mailbox.objects.exclude(vendor_id="").exclude(vendor_state__in=_GONE).select_related("organisation")
    for box in living.select_related("vendor_account", "organisation__vendor_account"):
        if vendor.account_of(box) != account:
            continue
        if box.vendor_id.casefold() in listed:
            alerts.all_clear(ALERT, box.pk)
        else:
            alerts.alert(ALERT, box.pk, organisation=box.organisation)
    for pk in Mailbox.objects.filter(vendor_state__in=_GONE).values_list("pk", flat=True):
        alerts.all_clear(ALERT, pk)
