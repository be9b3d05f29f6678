"""Calls that pay or change something: intended, marked, ended, each committed, so that a crash leaves no guess."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from mailboxes.models import Mailbox, VendorAct
from mailboxes.models.acts import LIVE, ActKind, ActOutcome
from pecportal import clock
from pecportal.operation import deployment
from pecportal.organisations.models import User
from pecportal.programs import keys
from pecportal.upstream.errors import OutcomeUnknown, Rejected, SignInRefused, UpstreamError

LOOKS: Final = 2  # times that the vendor must not show an act done before a person may say that it was not
GRACE: Final = timedelta(minutes=2)  # beside a call's own deadline: for so long the vendor may still be at work on it
LONGEST_REST: Final = 30  # minutes between two tries of what the vendor does not take


def begin(mailbox: Mailbox, kind: ActKind) -> VendorAct | None:
    """Intend a call, in the caller's transaction with the mailbox locked; None while an earlier one lives.

    None, too, while the portal does nothing after a restore: it may have been done since the backup.
    """
    if alive(mailbox, kind) or deployment.is_off():
        return None
    lease = clock.database_now() + timedelta(seconds=settings.SENDING_LEASE_SECONDS)
    return VendorAct.objects.create(mailbox=mailbox, kind=kind, begun_at=clock.now(), leased_until=lease)


def mark(act: VendorAct) -> bool:
    """Allow the call to be made; False when it was given up meanwhile, and must not be."""
    with transaction.atomic(durable=True):
        mine = VendorAct.objects.filter(
            pk=act.pk, outcome__isnull=True, marked_at__isnull=True, leased_until__gt=clock.database_now()
        )
        return bool(mine.update(marked_at=clock.now()))


def end(act: VendorAct, outcome: ActOutcome, *, error: UpstreamError | None = None) -> bool:
    """Write down how it ended, in the caller's transaction; False when that was known already."""
    open_ = Q(outcome__isnull=True)
    if outcome != ActOutcome.UNCERTAIN:
        open_ |= Q(outcome=ActOutcome.UNCERTAIN)
    told = _told(error) if error else {}
    return bool(VendorAct.objects.filter(open_, pk=act.pk).update(outcome=outcome, ended_at=clock.now(), **told))


def _told(error: UpstreamError) -> dict[str, object]:
    number = error.error if 0 <= (error.error or 0) < 32_768 else None  # the column holds no more
    return {"answer_status": error.status, "error": number, "answer": error.message[:2000]}


def outcome_of(error: UpstreamError) -> ActOutcome:
    """What a failure says of the act: only `OutcomeUnknown` leaves a doubt."""
    return ActOutcome.UNCERTAIN if isinstance(error, OutcomeUnknown) else ActOutcome.NOT_DONE


def may_repeat(act: VendorAct, error: UpstreamError) -> bool:
    """Whether what was not done is to be asked for again by itself.

    So it is when nothing was reached, when the vendor was asked too often, and once after a 401: the client has only
    then dropped a token that had grown old.
    """
    if not isinstance(error, Rejected):
        return outcome_of(error) == ActOutcome.NOT_DONE
    if error.status != 401 or isinstance(error, SignInRefused):
        return error.status == 429
    before = VendorAct.objects.filter(mailbox=act.mailbox_id, kind=act.kind, pk__lt=act.pk).order_by("-pk").first()
    return before is None or before.answer_status != 401


def fold(act: VendorAct) -> None:
    """Let an act that was not done stand for the one before it, too, if that ended alike: one row, with their number.

    In the caller's transaction, after `end`. Its beginning is then the first one's.
    """
    before = VendorAct.objects.filter(mailbox=act.mailbox_id, kind=act.kind, pk__lt=act.pk).order_by("-pk").first()
    act.refresh_from_db()
    if before is None or act.outcome != ActOutcome.NOT_DONE or _ended(before) != _ended(act):
        return
    VendorAct.objects.filter(pk=act.pk).update(times=before.times + act.times, begun_at=before.begun_at)
    before.delete()


def _ended(act: VendorAct) -> tuple[object, ...]:
    return act.outcome, act.answer_status, act.error, act.answer


def rests(mailbox_id: int, kind: ActKind) -> bool:
    """Whether the last call of this kind was not done so lately that the next one waits: 0, 1, 3, 7 … 30 minutes."""
    last = VendorAct.objects.filter(mailbox=mailbox_id, kind=kind, outcome=ActOutcome.NOT_DONE).order_by("-pk").first()
    if last is None or last.ended_at is None:
        return False
    minutes = min(2 ** min(last.times - 1, 10) - 1, LONGEST_REST)
    return clock.now() < last.ended_at + timedelta(minutes=minutes)


def presume(mailbox: Mailbox, kind: ActKind) -> VendorAct:
    """Regard a call as made and its answer as lost: after a restore nobody knows whether it was."""
    now = clock.now()
    return VendorAct.objects.create(
        mailbox=mailbox,
        kind=kind,
        outcome=ActOutcome.UNCERTAIN,
        begun_at=mailbox.state_since,
        marked_at=now,
        ended_at=now,
        leased_until=clock.database_now(),
    )


def expired() -> list[VendorAct]:
    """Acts whose worker died: their lease is over and nobody wrote down their end."""
    rows = VendorAct.objects.filter(outcome__isnull=True, leased_until__lt=clock.database_now())
    return list(rows.select_related("mailbox__organisation"))


def alive(mailbox: Mailbox, kind: ActKind) -> bool:
    """Whether a call of this kind is under way or in doubt."""
    return VendorAct.objects.filter(LIVE, mailbox=mailbox, kind=kind).exists()


def doubts(kind: ActKind) -> list[VendorAct]:
    """Acts in doubt that were not looked for within the last minute of the clock."""
    rows = VendorAct.objects.filter(_not_looked_for_lately(), kind=kind, outcome=ActOutcome.UNCERTAIN)
    return list(rows.select_related("mailbox__organisation"))


def not_found(act: VendorAct, *, begun: datetime) -> int:
    """Count a look at the vendor that did not show the act done; how many there were. Two at once count once.

    One that was `begun` too soon after the call left does not count: behind a lost answer the vendor may still be at
    work on it.
    """
    if begun > (act.marked_at or act.begun_at) + GRACE + timedelta(seconds=settings.OPENAPI_SEND_DEADLINE):
        rows = VendorAct.objects.filter(_not_looked_for_lately(), pk=act.pk)
        rows.update(looks=F("looks") + 1, looked_at=clock.now())
    act.refresh_from_db(fields=["looks", "looked_at"])
    return act.looks


def absent(mailbox: Mailbox, kind: ActKind) -> VendorAct | None:
    """The act in doubt that was looked for often enough for a person to say that it was not done; None without one."""
    rows = VendorAct.objects.filter(mailbox=mailbox, kind=kind, outcome=ActOutcome.UNCERTAIN)
    return rows.filter(looks__gte=LOOKS).first()


def needs_another(mailbox: Mailbox, *, author: int | None, actor: User) -> bool:
    """Whether the organisation wants somebody else than its author to say that a paying act in doubt was not done."""
    return mailbox.organisation.two_order and author in keys.hands_of(actor)


def _not_looked_for_lately() -> Q:
    return Q(looked_at__isnull=True) | Q(looked_at__lt=clock.now() - timedelta(minutes=1))
