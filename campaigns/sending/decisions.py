"""What a person decides about a message in doubt. Nobody else does, and nothing is decided by itself."""

import hashlib
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import deciders, evidence, late
from campaigns.evidence import Evidence
from campaigns.models import Attempt, Campaign, Choice, Decision, Message
from campaigns.sending import proofs
from campaigns.sending.proofs import Proof
from campaigns.states import CampaignState, Declared, MessageState, Outcome
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue

LONGEST_REASON = 2000


def may_withdraw(decision: Decision, user: User) -> bool:
    """Whether this person may take an open decision back: who made it, or an approver once that person is none."""
    campaign = decision.attempt.message.campaign
    return decision.by_id == user.pk or (
        not deciders.why_not(campaign, user) and bool(deciders.why_not(campaign, decision.by))
    )


def why_not(choice: str, shown: Evidence) -> str:
    """Why the evidence does not allow a choice; "" when it does."""
    if choice == Choice.WAIT:
        return ""
    if shown.is_found:
        return _("A receipt of this message is there: the portal settles the doubt by itself within a minute.")
    if choice == Choice.SEND_AGAIN:
        if shown.attempt.message.campaign.state == CampaignState.STOPPED:
            return _("The campaign is stopped: none of its messages is sent any more.")
        if not shown.is_absent:
            return _("It cannot be sent again yet: that its receipts are absent is not shown. See what is missing.")
        if late.proven([shown.attempt.message_id]).exists():
            return _("It is not sent again: an earlier attempt of this message was sent, as its receipt shows.")
    return ""


def decide(
    attempt: Attempt,
    *,
    choice: Choice,
    reason: str,
    seen: str,
    actor: User,
    file: Path | None = None,
    file_name: str = "",
) -> Decision:
    """Keep a person's choice about an attempt in doubt, and carry it out unless a second person has to confirm it.

    `seen` is the hash of the evidence that the person was shown; `file` a receipt in the person's hands, for
    `Choice.SENT` alone. The same choice of the same person again changes nothing and returns the first one. Raises
    `Refusal` when the person may not decide, the evidence has changed or does not allow it, or the doubt is settled;
    then nothing is kept.
    """
    reason = _checked(choice, reason, has_file=file is not None)
    proof = None
    if file is not None:
        proof = proofs.keep(file, name=file_name, campaign=attempt.message.campaign, actor=actor)
    try:
        decision = _decide(attempt, choice, reason, seen, actor, proof)
    except BaseException:
        proofs.discard(proof)
        raise
    if proof is not None and decision.proof_stored_as != proof.stored_as:  # it was there already
        proofs.discard(proof)
    return decision


@transaction.atomic
def _decide(attempt: Attempt, choice: Choice, reason: str, seen: str, actor: User, proof: Proof | None) -> Decision:
    doubt = _locked(attempt.pk, actor)
    repeated = _repeated(doubt, choice, seen, actor)
    if repeated is not None:
        return repeated
    shown = _shown(doubt, choice, seen)
    if doubt.decisions.filter(applied_at=None, withdrawn_at=None).exists():
        raise Refusal(_("Somebody has decided already, and a second person has to confirm it or have it withdrawn."))
    decision = _keep(shown, choice, reason, actor, proof)
    if choice == Choice.WAIT or not doubt.message.campaign.organisation.two_decide:
        _apply(decision, doubt)
    return decision


def confirm(decision: Decision, *, seen: str, actor: User) -> None:
    """Carry out what somebody else decided. Again it does nothing.

    Raises `Refusal` for the one who decided, for whoever may not decide, and when the evidence that this person was
    shown has changed or does not allow it any more.
    """
    with transaction.atomic():
        settled = Decision.objects.filter(pk=decision.pk, confirmed_by=actor).first()
        if settled is not None:
            return
        doubt = _locked(decision.attempt_id, actor)
        row = Decision.objects.select_for_update().get(pk=decision.pk)
        if row.applied_at is not None or row.withdrawn_at is not None:
            raise Refusal(_("This decision was confirmed or withdrawn meanwhile."))
        if row.by_id == actor.pk:
            raise Refusal(_("A second person has to confirm your decision."))
        _shown(doubt, Choice(row.choice), seen)
        row.confirmed_by = actor
        row.save(update_fields=["confirmed_by"])
        office = doubt.message.campaign.organisation
        facts = {"decision": row.pk, "attempt": doubt.ref, "evidence": seen}
        record("message.decision_confirm", actor=actor, organisation=office, target=doubt.message, **facts)
        _apply(row, doubt)


@transaction.atomic
def withdraw(decision: Decision, *, actor: User) -> None:
    """Take back a decision that waits for a second person; again it does nothing.

    Whoever made it may; another approver only when that person may not decide any more. Raises `Refusal` otherwise,
    and when it is in force.
    """
    Attempt.objects.select_for_update().get(pk=decision.attempt_id)
    rows = Decision.objects.select_for_update(of=("self",))
    row = rows.select_related("by", "attempt__message__campaign__organisation").get(pk=decision.pk)
    message = row.attempt.message
    if row.withdrawn_at is not None:
        return
    if row.applied_at is not None:
        raise Refusal(_("The decision is in force already."))
    if not may_withdraw(row, actor):
        raise Refusal(_("Only the person who decided may withdraw the decision."))
    row.withdrawn_by, row.withdrawn_at = actor, clock.now()
    row.save(update_fields=["withdrawn_by", "withdrawn_at"])
    office = message.campaign.organisation
    record("message.decision_withdraw", actor=actor, organisation=office, target=message, decision=row.pk)


def _checked(choice: Choice, reason: str, *, has_file: bool) -> str:
    if not reason.strip():
        raise Refusal(_("Say why: the reason is kept with the decision."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refusal(_("The reason is too long."), field="reason")
    if choice == Choice.SENT and not has_file:
        raise Refusal(_("To regard a message as sent, hand in its receipt as a file."), field="proof")
    if choice != Choice.SENT and has_file:
        raise Refusal(_("A receipt is handed in only to regard a message as sent."), field="proof")
    return reason.strip()


def _locked(attempt_id: int, actor: User) -> Attempt:
    """The attempt in doubt and its message, locked. Attempts come before messages, as where receipts are taken in."""
    rows = Attempt.objects.select_for_update(of=("self",))
    attempt = rows.select_related("message__campaign__organisation").get(pk=attempt_id)
    attempt.message = (
        Message.objects.select_for_update(of=("self",))
        .select_related("campaign__organisation")
        .get(pk=attempt.message_id)
    )
    reason = deciders.why_not(attempt.message.campaign, actor)
    if reason:
        raise Refusal(reason)
    return attempt


def _repeated(doubt: Attempt, choice: Choice, seen: str, actor: User) -> Decision | None:
    """The decision that a second click, or a page sent twice, would make again."""
    last = doubt.decisions.filter(withdrawn_at=None).order_by("pk").last()
    same = last is not None and (last.by_id, last.choice, last.evidence_sha256) == (actor.pk, choice.value, seen)
    return last if same else None


def _shown(doubt: Attempt, choice: Choice, seen: str) -> Evidence:
    """The evidence as it is now, which must be what the person saw, and must allow the choice."""
    if doubt.outcome != Outcome.UNCERTAIN or doubt.message.state != MessageState.UNCERTAIN:
        raise Refusal(_("This message is not in doubt any more: its outcome became known, or somebody has decided."))
    now = evidence.of(doubt)
    if now.sha256 != seen:
        raise Refusal(_("The evidence has changed since this page was shown: look at it again, then decide."))
    reason = why_not(choice, now)
    if reason:
        raise Refusal(reason)
    return now


def _keep(shown: Evidence, choice: Choice, reason: str, actor: User, proof: Proof | None) -> Decision:
    attempt, message = shown.attempt, shown.attempt.message
    decision = Decision.objects.create(
        attempt=attempt,
        choice=choice,
        reason=reason,
        evidence=shown.as_json(),
        evidence_sha256=shown.sha256,
        proof_name=proof.name if proof else "",
        proof_stored_as=proof.stored_as if proof else "",
        proof_sha256=proof.sha256 if proof else "",
        by=actor,
        at=clock.now(),
    )
    record(
        "message.decide",
        actor=actor,
        organisation=message.campaign.organisation,
        target=message,
        decision=decision.pk,
        attempt=attempt.ref,
        choice=choice.value,
        evidence=shown.sha256,
        reason_sha256=hashlib.sha256(reason.encode()).hexdigest(),
        proof=decision.proof_sha256,
    )
    return decision


def _apply(decision: Decision, doubt: Attempt) -> None:
    """Move the states as decided. Reservations stay: that nothing was sent is presumed, not proven."""
    decision.applied_at = clock.now()
    decision.save(update_fields=["applied_at"])
    if decision.choice == Choice.SEND_AGAIN:
        _send_again(doubt)
    elif decision.choice == Choice.NOT_SENT:
        _end(doubt, Outcome.PRESUMED_NOT_SENT)
        _move(doubt, MessageState.FAILED, declared=Declared.NOT_SENT)
        late.reconsider([doubt.message_id])  # an earlier attempt may be proven
    elif decision.choice == Choice.SENT:
        sent = doubt.marked_at or doubt.claimed_at
        _end(doubt, Outcome.ACCEPTED)
        _move(
            doubt,
            MessageState.SUBMITTED,
            declared=Declared.SENT,
            sent_at=sent,
            deadline_at=sent + late.NO_OUTCOME,
        )


def _send_again(doubt: Attempt) -> None:
    """Queue the message for its next attempt, and let a completed campaign run again."""
    campaign = Campaign.objects.select_for_update().get(pk=doubt.message.campaign_id)
    if campaign.state == CampaignState.STOPPED:  # meanwhile
        raise Refusal(_("The campaign is stopped: none of its messages is sent any more."))
    _end(doubt, Outcome.PRESUMED_NOT_SENT)
    _move(doubt, MessageState.QUEUED, not_before=clock.real_now())
    completed = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.COMPLETED)
    if completed.move(CampaignState.RUNNING):
        record("campaign.reopen", organisation=doubt.message.campaign.organisation, target=campaign)
    enqueue("campaigns.tasks.pump")


def _end(doubt: Attempt, outcome: Outcome) -> None:
    if not Attempt.objects.filter(pk=doubt.pk, outcome=Outcome.UNCERTAIN).update(outcome=outcome):
        raise RuntimeError("A locked attempt changed its outcome.")


def _move(doubt: Attempt, to: MessageState, **changes: object) -> None:
    in_doubt = Message.objects.filter(pk=doubt.message_id, state=MessageState.UNCERTAIN)
    if not in_doubt.move(to, **changes):
        raise RuntimeError("A locked message changed its state.")
