"""Several accounts at the vendor: each mailbox is served by its own, at its own pace, whatever befalls the others."""

import time
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from threading import Thread

import pytest
from django.db import connections
from pytest_django import Settings

from campaigns import outlook, tasks, timing
from campaigns.models import Attempt, Baton, Campaign, InboxScan, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import accounts, feeding, lanes, pump
from campaigns.tracking import reading, searching
from mailboxes.models import Mailbox, Plan
from pecportal import clock
from pecportal.organisations import accounts as keeping
from pecportal.organisations.models import Organisation, PaceOf, User, VendorAccount
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
RATE = 4.0
NEARLY = 0.7 / RATE  # a busy machine writes one down late, and the next in time; two pumps apart would be at half of it
LENIENT = 1.4 * RATE  # of the vendor, for the same reason


def account(vendor: Sandbox, name: str, **fields: object) -> VendorAccount:
    """An account that the vendor knows, too."""
    email, key = f"{name}@conti.example", f"chiave di {name}"
    vendor.others[email] = key
    actor = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("capo@portale.example")
    row = VendorAccount(name=name, environment="sandbox", email=email, **fields)
    keeping.save(row, key=key, actor=actor)
    return row


def campaign(vendor: Sandbox, owner: VendorAccount | None, number: int = 0, *, messages: int = 2) -> Campaign:
    """A running campaign of a mailbox of its own, which belongs to an account."""
    address = f"casella{number}.{owner or 'nessuno'}@prova.example"
    vendor.create_mailbox(address, PASSWORD)
    found = running(messages=messages, sender=address)
    Mailbox.objects.filter(pk=found.mailbox_id).update(vendor_account=owner)
    return found


def states(of: Campaign) -> set[str]:
    return set(Message.objects.filter(campaign=of).values_list("state", flat=True))


def moments(vendor: Sandbox) -> dict[str, list[float]]:
    """When each account's messages were taken."""
    found = defaultdict(list)
    for entry in vendor.ledger:
        found[entry.account].append(entry.at.timestamp())
    return found


def run_pump() -> None:
    try:
        pump.run()
    finally:
        connections.close_all()


# --- who serves whom


def test_each_mailbox_sends_with_its_own_account(vendor: Sandbox) -> None:
    first, second = account(vendor, "uno"), account(vendor, "due")
    for owner in (first, second, None):
        campaign(vendor, owner)

    pump.run()

    took = {(entry.sender, entry.account) for entry in vendor.ledger}
    assert took == {
        ("casella0.uno@prova.example", first.email),
        ("casella0.due@prova.example", second.email),
        ("casella0.nessuno@prova.example", vendor.email),
    }


def test_a_mailbox_of_an_organisation_with_an_account_sends_with_that(vendor: Sandbox) -> None:
    owner = account(vendor, "uno")
    sent = campaign(vendor, None)
    Organisation.objects.filter(pk=sent.organisation_id).update(vendor_account=owner)

    pump.run()

    assert {entry.account for entry in vendor.ledger} == {owner.email}


def test_receipts_are_read_and_searched_for_with_the_mailboxs_account(vendor: Sandbox, settings: Settings) -> None:
    sent = campaign(vendor, account(vendor, "uno"))
    pump.run()
    settings.OPENAPI_API_KEY = "sbagliata"

    reading.run()

    assert InboxScan.objects.filter(complete=True).exists()
    tasks.read_whole(sent.mailbox_id)
    assert not InboxScan.objects.exclude(problem="").exists()


def test_what_is_in_doubt_is_searched_for_with_the_mailboxs_account(vendor: Sandbox, settings: Settings) -> None:
    sent = campaign(vendor, account(vendor, "uno"), messages=1)
    vendor.drop_next_answer(after_accepting=True)
    pump.run()
    assert states(sent) == {"uncertain"}
    vendor.advance(hours=1)
    Attempt.objects.update(marked_at=clock.now() - timedelta(minutes=2, seconds=5))
    settings.OPENAPI_API_KEY = "sbagliata"

    assert searching.run() > 0

    assert states(sent) == {"submitted"}


# --- what befalls one account


def test_an_account_that_is_refused_holds_its_own_mailboxes_alone(vendor: Sandbox, settings: Settings) -> None:
    settings.SENDING_HOLD_SECONDS, settings.SENDING_PUMP_SECONDS = 60.0, 4.0
    bad, good = account(vendor, "uno"), account(vendor, "due")
    held, free = campaign(vendor, bad), campaign(vendor, good)
    del vendor.others[bad.email]

    pump.run()

    assert (states(held), states(free)) == ({"queued"}, {"submitted"})
    assert SendingLane.objects.get(pk=held.mailbox_id).hold == Hold.ACCOUNT
    assert SendingLane.objects.get(pk=free.mailbox_id).hold == Hold.NONE
    assert not Attempt.objects.filter(mailbox=held.mailbox_id, marked_at__isnull=False).exists()


def test_an_empty_wallet_holds_its_own_accounts_mailboxes_alone(vendor: Sandbox, settings: Settings) -> None:
    settings.SENDING_PUMP_SECONDS = 4.0
    poor, rich = account(vendor, "uno"), account(vendor, "due")
    vendor.wallets = {poor.email: Decimal(0)}
    held, free = campaign(vendor, poor), campaign(vendor, rich)

    pump.run()

    assert (states(held), states(free)) == ({"queued"}, {"submitted"})
    assert SendingLane.objects.get(pk=held.mailbox_id).hold == Hold.WALLET


def test_an_account_whose_key_cannot_be_opened_is_held_with_the_reason(vendor: Sandbox, settings: Settings) -> None:
    settings.SENDING_HOLD_SECONDS, settings.SENDING_PUMP_SECONDS = 60.0, 4.0
    bad, good = account(vendor, "uno"), account(vendor, "due")
    VendorAccount.objects.filter(pk=bad.pk).update(key_sealed="guasta")
    held, free = campaign(vendor, bad), campaign(vendor, good)

    pump.run()

    assert (states(held), states(free)) == ({"queued"}, {"submitted"})
    lane = SendingLane.objects.get(pk=held.mailbox_id)
    assert lane.hold == Hold.ACCOUNT
    assert "entered again" in lane.hold_words


def test_a_mailbox_of_another_environments_account_says_why_it_does_not_send(vendor: Sandbox) -> None:
    held = campaign(vendor, account(vendor, "uno"))
    VendorAccount.objects.update(environment="production")

    assert pump.run() == reading.run() == 0

    assert not vendor.ledger
    assert not Attempt.objects.exists()
    assert "another environment" in str(Mailbox.objects.get(pk=held.mailbox_id).why_not_now())


# --- pace


def test_no_account_is_asked_above_its_pace_and_none_waits_for_another(vendor: Sandbox) -> None:
    vendor.rate, vendor.pace_of = LENIENT, "account"
    for name in ("uno", "due"):
        owner = account(vendor, name, rate=RATE, pace_of=PaceOf.ACCOUNT)
        for number in range(2):
            campaign(vendor, owner, number, messages=4)

    pump.run()

    taken = moments(vendor)
    assert [len(each) for each in taken.values()] == [8, 8]
    assert all(after - before > NEARLY for each in taken.values() for before, after in pairwise(each))
    assert not Attempt.objects.filter(answer_status=429).exists()
    both = sorted(moment for each in taken.values() for moment in each)
    assert any(after - before < NEARLY for before, after in pairwise(both))  # two sequences, not one for both
    assert Baton.objects.get(name=accounts.NAME).holder == ""


def test_two_pumps_together_do_not_exceed_the_pace_of_any_account(vendor: Sandbox) -> None:
    vendor.rate, vendor.pace_of = LENIENT, "account"
    for name in ("uno", "due"):
        owner = account(vendor, name, rate=RATE, pace_of=PaceOf.ACCOUNT)
        for number in range(2):
            campaign(vendor, owner, number, messages=3)

    threads = [Thread(target=run_pump) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pump.run()

    assert vendor.sent_count == 12
    assert not Attempt.objects.filter(answer_status=429).exists()
    assert all(b - a > NEARLY for each in moments(vendor).values() for a, b in pairwise(each))


def test_an_accounts_pace_may_be_each_mailboxs(vendor: Sandbox) -> None:
    vendor.rate = LENIENT
    owner = account(vendor, "uno", rate=RATE)
    for number in range(3):
        campaign(vendor, owner, number, messages=4)
    began = time.monotonic()

    pump.run()

    assert vendor.sent_count == 12
    assert not Attempt.objects.filter(answer_status=429).exists()
    assert time.monotonic() - began < 12 / RATE + 1  # one after the other it would be all of that, and the end


@pytest.mark.parametrize(
    ("settings_rate", "plan_rate", "account_rate", "expected"),
    [
        (2.0, None, None, 2.0),
        (2.0, 4.0, None, 4.0),
        (2.0, None, 5.0, 5.0),
        (2.0, 4.0, 5.0, 4.0),
        (2.0, 8.0, 5.0, 5.0),
        (2.0, 0.0, 5.0, 5.0),
        (2.0, 4.0, 0.0, 4.0),
        (2.0, None, 0.0, 0.0),
    ],
)
def test_the_slower_of_plan_and_account_counts_and_the_settings_where_neither_says(
    vendor: Sandbox,
    settings: Settings,
    settings_rate: float,
    plan_rate: float | None,
    account_rate: float | None,
    expected: float,
) -> None:
    settings.SENDING_RATE = settings_rate
    pk = campaign(vendor, account(vendor, "uno", rate=account_rate)).mailbox_id
    Mailbox.objects.filter(pk=pk).update(plan=Plan.objects.create(name="Piano", rate=plan_rate))

    interval = timing.pace_of(Mailbox.objects.get(pk=pk)).interval

    assert interval == pytest.approx(1.004 / expected if expected else 0.0)


def test_of_mailboxes_that_share_a_pace_the_slowest_counts_for_their_account_alone(vendor: Sandbox) -> None:
    first, second = (account(vendor, name, rate=RATE, pace_of=PaceOf.ACCOUNT) for name in ("uno", "due"))
    slow = campaign(vendor, first).mailbox_id
    campaign(vendor, first, 1)
    campaign(vendor, second)
    Mailbox.objects.filter(pk=slow).update(plan=Plan.objects.create(name="Lento", rate=0.5))

    assert timing.shared_interval(first) == pytest.approx(1.004 / 0.5)
    assert timing.shared_interval(second) == pytest.approx(1.004 / RATE)
    assert timing.shared_interval(None) == 0.0


def test_a_mailbox_that_changes_its_account_is_taken_anew(vendor: Sandbox) -> None:
    first, second = (account(vendor, name, rate=RATE, pace_of=PaceOf.ACCOUNT) for name in ("uno", "due"))
    moved = campaign(vendor, first)
    (pk,) = lanes.acquire("a pump")
    lane = lanes.load(pk)
    assert lane is not None
    feeding.feed(lane)

    Mailbox.objects.filter(pk=moved.mailbox_id).update(vendor_account=second)

    with pytest.raises(feeding.Regrouped):
        feeding.feed(lane)


@pytest.mark.parametrize("has_baton", [True, False])
def test_lanes_held_from_before_they_shared_a_pace_can_mark_nothing_more(vendor: Sandbox, has_baton: bool) -> None:
    shared = account(vendor, "uno", rate=RATE, pace_of=PaceOf.ACCOUNT)
    owner = account(vendor, "due", rate=RATE)
    if has_baton:
        campaign(vendor, shared)
        lanes.acquire("one")
    old = campaign(vendor, owner).mailbox_id
    assert lanes.acquire("two") == [old]
    fence = SendingLane.objects.get(pk=old).fence
    new = campaign(vendor, owner, 1).mailbox_id
    VendorAccount.objects.filter(pk=owner.pk).update(pace_of=PaceOf.ACCOUNT)

    asked = clock.database_now()
    assert lanes.acquire("one") == [new]

    assert SendingLane.objects.get(pk=old).fence > fence
    lane = lanes.load(new)
    assert lane is not None
    first = clock.database_now() + timedelta(seconds=lane.next_slot - time.monotonic())
    assert first - asked > timedelta(seconds=0.9 / RATE)


@pytest.mark.parametrize("pace_of", PaceOf)
def test_a_mailbox_that_changes_its_account_while_it_sends_goes_on_with_the_other(
    vendor: Sandbox, pace_of: PaceOf
) -> None:
    vendor.rate, vendor.pace_of = RATE, "account"
    first, second = (account(vendor, name, rate=RATE, pace_of=pace_of) for name in ("uno", "due"))
    moved = campaign(vendor, first, messages=16)
    thread = Thread(target=run_pump)
    thread.start()
    while vendor.sent_count < 2:
        assert thread.is_alive()
        time.sleep(0.05)

    Mailbox.objects.filter(pk=moved.mailbox_id).update(vendor_account=second)
    thread.join()
    run_pump()

    assert states(moved) == {"submitted"}
    assert len({entry.recipient for entry in vendor.ledger}) == vendor.sent_count == 16
    assert [entry.account for entry in vendor.ledger][::15] == [first.email, second.email]
    assert not Attempt.objects.filter(answer_status=429).exists()


def test_a_key_that_is_entered_anew_is_used_at_the_next_look(vendor: Sandbox) -> None:
    owner = account(vendor, "uno")
    campaign(vendor, owner)
    (pk,) = lanes.acquire("a pump")
    lane = lanes.load(pk)
    assert lane is not None
    keeping.save(owner, key="una nuova", actor=User.objects.get(is_superuser=True))

    feeding.feed(lane)

    assert lane.client.config.api_key == "una nuova"


def test_a_lane_that_joins_its_account_puts_the_accounts_next_slot_off_by_what_it_sent_last(vendor: Sandbox) -> None:
    owner = account(vendor, "uno", rate=RATE, pace_of=PaceOf.ACCOUNT)
    pks = [campaign(vendor, owner, number).mailbox_id for number in range(2)]
    assert sorted(lanes.acquire("a pump")) == sorted(pks)
    first = lanes.load(pks[0])
    assert first is not None
    later = first.next_slot + 30
    SendingLane.objects.filter(pk=pks[1]).update(next_slot_at=lanes._wall(later))

    second = lanes.load(pks[1], others=[first])

    assert second is not None
    assert second.slots is first.slots
    assert first.next_slot == pytest.approx(later, abs=0.5)


def ends(of: Campaign) -> float:
    """When a campaign will have been sent, in Unix seconds."""
    found = outlook.of(Campaign.objects.select_related("mailbox__plan").get(pk=of.pk))
    assert found is not None
    assert found.ends is not None
    return found.ends.timestamp()


def test_the_forecast_counts_what_the_other_mailboxes_of_the_account_send(vendor: Sandbox) -> None:
    first, second = (account(vendor, name, rate=0.01, pace_of=PaceOf.ACCOUNT) for name in ("uno", "due"))
    asked = campaign(vendor, first, messages=5)
    alone = ends(asked)

    campaign(vendor, second, messages=50)
    assert ends(asked) - alone < 60

    campaign(vendor, first, 1, messages=50)
    assert ends(asked) - alone > 60
