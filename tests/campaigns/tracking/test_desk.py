"""What people do with items that no rule could match: it counts, it is recorded, and it can be undone."""

import pytest
from django.utils import timezone

from campaigns.models import Attempt, Message, Receipt
from campaigns.states import MessageState, Outcome, Shown
from campaigns.tracking import desk, intake
from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation.models import Alert
from pecportal.organisations.models import Membership, Organisation
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build, doubts

pytestmark = pytest.mark.django_db


def doubt() -> Message:
    """A message whose outcome nobody knows."""
    return build.started(statuses=[Shown.UNCERTAIN]).messages.get()


def stray(message: Message, subject: str = "CONSEGNA: Avviso senza riferimento") -> Receipt:
    return build.unmatched(message.mailbox, subject)


def fresh(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def give(receipt: Receipt, message: Message) -> None:
    desk.link(receipt, ref=message.ref, actor=doubts.approver(message.campaign.organisation))


def take_back(receipt: Receipt, message: Message) -> None:
    desk.undo(receipt, actor=message.campaign.created_by)


def test_an_item_without_a_reference_is_on_the_desk_and_says_why() -> None:
    message = doubt()

    receipt = stray(message)

    assert list(desk.items([message.mailbox])) == [receipt]
    assert receipt.problem == "no_reference"
    assert desk.count_open(message.campaign.organisation) == 1


def test_a_linked_receipt_settles_a_doubt_as_a_matched_one_does() -> None:
    message = doubt()
    receipt = stray(message)

    give(receipt, message)

    after = fresh(message)
    assert (after.state, after.status, after.verdict) == (MessageState.SUBMITTED, Shown.DELIVERED, "delivered")
    assert after.attempts.get().outcome == Outcome.ACCEPTED
    entry = Entry.objects.get(action="receipt.link")
    assert (entry.actor, entry.facts) == (Receipt.objects.get().desk_by, {"attempt": message.ref, "settled": True})
    assert desk.count_open(message.campaign.organisation) == 0


def test_a_link_that_alone_proved_the_attempt_is_taken_back_into_doubt() -> None:
    message = doubt()
    receipt = stray(message)
    give(receipt, message)

    take_back(receipt, message)

    after = fresh(message)
    assert (after.state, after.status, after.verdict) == (MessageState.UNCERTAIN, Shown.UNCERTAIN, "none")
    assert after.sent_at is None
    assert after.attempts.get().outcome == Outcome.UNCERTAIN
    assert list(desk.items([message.mailbox])) == [receipt]
    assert Entry.objects.get(action="receipt.undo").facts["unsettled"] is True


def test_a_true_receipt_settles_the_doubt_again_after_a_wrong_link_was_taken_back() -> None:
    message = doubt()
    receipt = stray(message, "CONSEGNA: Altro 1111111111111111")
    give(receipt, message)
    intake.take(message.mailbox, [build.item(f"ACCETTAZIONE: Avviso Rif. {message.ref} 2222222222222222")])

    take_back(receipt, message)

    after = fresh(message)
    assert (after.state, after.status) == (MessageState.SUBMITTED, Shown.ACCEPTED)
    assert after.attempts.get().code == "2222222222222222"


def test_what_the_providers_answer_proves_stays_when_a_link_is_taken_back() -> None:
    message = build.started(statuses=[Shown.SUBMITTED]).messages.get()
    receipt = stray(message)
    give(receipt, message)
    assert fresh(message).status == Shown.DELIVERED

    take_back(receipt, message)

    assert fresh(message).status == Shown.SUBMITTED
    assert fresh(message).attempts.get().outcome == Outcome.ACCEPTED


def test_of_two_links_the_other_still_proves_the_attempt() -> None:
    message = doubt()
    first = stray(message)
    give(first, message)
    second = build.unmatched(message.mailbox, "ACCETTAZIONE: Avviso senza riferimento")
    give(second, message)

    take_back(first, message)

    assert fresh(message).status == Shown.ACCEPTED
    assert fresh(message).attempts.get().outcome == Outcome.ACCEPTED


def test_a_link_to_what_was_called_not_sent_is_an_incident_and_its_undoing_a_doubt() -> None:
    message = build.started(statuses=[Shown.FAILED]).messages.get()
    receipt = stray(message)

    give(receipt, message)
    assert fresh(message).status == Shown.DELIVERED
    assert Entry.objects.filter(action="message.incident").count() == 1

    take_back(receipt, message)
    assert fresh(message).status == Shown.UNCERTAIN


def test_an_item_of_unknown_kind_may_be_linked_and_proves_nothing() -> None:
    message = doubt()
    receipt = stray(message, "AVVISO NUOVO DEL 2031: Avviso")
    assert receipt.problem == "unknown_kind"

    give(receipt, message)

    assert fresh(message).status == Shown.UNCERTAIN
    assert Receipt.objects.get().message == message


@pytest.mark.parametrize("who", ["the author", "another preparer"])
@pytest.mark.parametrize("outcome", [Outcome.UNCERTAIN, Outcome.PRESUMED_NOT_SENT, None])
def test_who_may_not_decide_does_not_settle_a_doubt_by_a_link(who: str, outcome: Outcome | None) -> None:
    message = doubt()
    Attempt.objects.update(outcome=outcome)
    receipt, author = stray(message), message.campaign.created_by
    actor = author if who == "the author" else build.clerk(message.campaign.organisation)
    if who == "the author":
        Membership.objects.create(user=author, organisation=message.campaign.organisation, role=Role.APPROVER)

    with pytest.raises(Refusal, match="approver"):
        desk.link(receipt, ref=message.ref, actor=actor)

    assert Receipt.objects.get().message is None
    assert Attempt.objects.get().outcome == outcome


def test_where_two_people_decide_one_does_not_settle_a_doubt_by_a_link() -> None:
    message = doubt()
    receipt = stray(message)
    Organisation.objects.update(two_decide=True)

    with pytest.raises(Refusal, match="two people"):
        give(receipt, message)
    Attempt.objects.update(outcome=Outcome.ACCEPTED)
    Message.objects.update(state=MessageState.SUBMITTED)
    give(receipt, message)

    assert Receipt.objects.get().message == message


def test_what_settles_nothing_is_linked_by_any_preparer() -> None:
    message = build.started(statuses=[Shown.SUBMITTED]).messages.get()
    desk.link(stray(message), ref=message.ref, actor=message.campaign.created_by)
    other = doubt()
    desk.link(stray(other, "AVVISO NUOVO DEL 2031: Avviso"), ref=other.ref, actor=other.campaign.created_by)

    assert fresh(message).status == Shown.DELIVERED
    assert fresh(other).status == Shown.UNCERTAIN


@pytest.mark.parametrize("ref", ["", "0000000000", "Rif. ", "x" * 300])
def test_a_reference_that_no_message_has_is_refused(ref: str) -> None:
    message = doubt()
    receipt = stray(message)

    with pytest.raises(Refusal):
        desk.link(receipt, ref=ref, actor=doubts.approver(message.campaign.organisation))

    assert Receipt.objects.get().message is None
    assert not Entry.objects.filter(action="receipt.link").exists()


def test_a_message_of_another_mailbox_is_refused_even_in_the_same_organisation() -> None:
    message = doubt()
    other = kernel.mailbox(message.campaign.organisation, address="altra@prova.example")
    receipt = build.unmatched(other, "CONSEGNA: Avviso")

    with pytest.raises(Refusal):
        give(receipt, message)

    assert fresh(message).status == Shown.UNCERTAIN


def test_a_message_that_was_never_sent_is_refused() -> None:
    message = build.started(statuses=[Shown.QUEUED]).messages.get()

    with pytest.raises(Refusal):
        give(stray(message), message)


@pytest.mark.parametrize("typed", ["{}", " rif. {} ", "Rif.{}-1", "{}-1"])
def test_a_reference_may_be_typed_as_it_stands_in_a_subject(typed: str) -> None:
    message = doubt()

    who = doubts.approver(message.campaign.organisation)

    desk.link(stray(message), ref=typed.format(message.ref.lower()), actor=who)

    assert fresh(message).status == Shown.DELIVERED


def test_a_link_goes_to_the_attempt_that_was_named() -> None:
    message = build.started(statuses=[Shown.FAILED]).messages.get()
    second = build.attempt(message, outcome=Outcome.UNCERTAIN)
    message.refresh_from_db()

    desk.link(stray(message), ref=f"{message.ref}-2", actor=doubts.approver(message.campaign.organisation))

    assert Receipt.objects.get().attempt == second
    assert Attempt.objects.get(pk=second.pk).outcome == Outcome.ACCEPTED


def test_each_act_done_twice_is_refused_and_changes_nothing() -> None:
    message = doubt()
    receipt, person = stray(message), message.campaign.created_by
    give(receipt, message)
    with pytest.raises(Refusal):
        give(receipt, message)
    with pytest.raises(Refusal):
        desk.put_aside(receipt, actor=person)
    take_back(receipt, message)
    with pytest.raises(Refusal):
        take_back(receipt, message)
    desk.put_aside(receipt, actor=person)
    with pytest.raises(Refusal):
        desk.put_aside(receipt, actor=person)

    acts = Entry.objects.filter(action__startswith="receipt.").order_by("number").values_list("action", flat=True)
    assert list(acts) == ["receipt.link", "receipt.undo", "receipt.put_aside"]
    assert Receipt.objects.count() == 1


def test_what_was_put_aside_is_found_again_and_may_be_taken_up() -> None:
    message = doubt()
    receipt = stray(message)
    desk.put_aside(receipt, actor=message.campaign.created_by)
    boxes = [message.mailbox]

    assert not desk.items(boxes).exists()
    assert list(desk.items(boxes, "ignored")) == list(desk.items(boxes, "all")) == [receipt]

    take_back(receipt, message)
    assert list(desk.items(boxes)) == [receipt]


def test_a_link_made_while_the_attempt_is_under_way_settles_it_once_it_is_given_up() -> None:
    message = doubt()
    Attempt.objects.update(outcome=None)
    Message.objects.update(state=MessageState.SENDING)
    give(stray(message, "CONSEGNA: Altro Rif. 0123456789 1111111111111111"), message)
    assert Attempt.objects.get().outcome is None

    Attempt.objects.update(outcome=Outcome.UNCERTAIN)
    Message.objects.update(state=MessageState.UNCERTAIN)
    intake.settle_proven()

    assert Attempt.objects.get().outcome == Outcome.ACCEPTED
    assert Attempt.objects.get().code == ""  # the item's is another message's, perhaps


def test_a_link_taken_back_leaves_a_doubt_though_the_provider_had_answered_something() -> None:
    message = doubt()
    Attempt.objects.update(answer_status=201, answer='{"success": true, "sent": 2}')  # which proves nothing
    receipt = stray(message)
    give(receipt, message)
    assert Attempt.objects.get().outcome == Outcome.ACCEPTED

    take_back(receipt, message)

    assert Attempt.objects.get().outcome == Outcome.UNCERTAIN
    assert fresh(message).state == MessageState.UNCERTAIN


def test_the_message_is_suggested_whose_code_the_item_carries() -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED] * 3)
    message = campaign.messages.order_by("pk")[1]
    code = message.attempts.get().code

    found = desk.suggest(build.unmatched(campaign.mailbox, f"CONSEGNA: Avvis {code}"))

    assert [each.candidate.ref for each in found] == [message.ref]
    assert found[0].reasons[0] == "same_code"


def test_the_message_is_suggested_whose_reference_is_nearly_the_items() -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED] * 3)
    message = campaign.messages.order_by("pk")[1]
    Message.objects.filter(pk=message.pk).update(ref="7KQ2M9ABCD")
    Attempt.objects.filter(message=message).update(ref="7KQ2M9ABCD")

    found = desk.suggest(build.unmatched(campaign.mailbox, "CONSEGNA: Avviso Rif. 7KQ2M9ABXD"))

    assert [each.candidate.ref for each in found] == ["7KQ2M9ABCD"]


def test_the_message_is_suggested_whose_recipient_the_text_names() -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED] * 3)
    message = campaign.messages.order_by("pk")[1]
    Attempt.objects.update(marked_at=timezone.now())

    found = desk.suggest(
        build.unmatched(campaign.mailbox, "CONSEGNA: Avviso", body=f'indirizzato a "{message.recipient}"')
    )

    assert [each.candidate.ref for each in found] == [message.ref]


def test_another_mailboxes_messages_are_never_suggested() -> None:
    message = build.started(statuses=[Shown.SUBMITTED]).messages.get()
    foreign: Mailbox = kernel.mailbox(address="altra@prova.example")

    found = desk.suggest(build.unmatched(foreign, f"CONSEGNA: Avviso Rif. {message.ref}", body=message.recipient))

    assert found == []
    assert Receipt.objects.get(mailbox=foreign).problem == "unknown_reference"


def test_unknown_kinds_raise_one_alert_that_ends_when_all_are_dealt_with() -> None:
    from campaigns.tracking import quarantine

    message = doubt()
    first = stray(message, "AVVISO NUOVO: 1")
    second = stray(message, "AVVISO NUOVO: 2")
    quarantine.tell(message.mailbox)
    quarantine.tell(message.mailbox)
    assert Alert.objects.get(kind=quarantine.UNKNOWN_KIND).facts == {"items": 2}

    desk.put_aside(first, actor=message.campaign.created_by)
    assert Alert.objects.get().ended_at is None
    give(second, message)

    assert Alert.objects.get().ended_at is not None
