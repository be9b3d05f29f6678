"""A draft that several mailboxes send: who may be chosen, what the check says, and what it splits by."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns import approvals, outlook, readiness, splitting
from campaigns.models import Campaign, Message, Sheet
from campaigns.preparing import copying, drafts, preview, schedule
from campaigns.preparing.schedule import When
from campaigns.sending import launch
from campaigns.states import Shown
from mailboxes.models import Mailbox, Plan
from mailboxes.states import CredentialsState
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from tests import build as kernel
from tests.campaigns import build, several
from tests.campaigns.several import FIRST, SECOND

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def draft(clerk: User) -> Campaign:
    return several.ready(clerk, count=10)


def change(address: str, **fields: object) -> None:
    Mailbox.objects.filter(address=address).update(**fields)


def anew(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("organisation", "mailbox__plan").get(pk=campaign.pk)


def by_address(split: dict[int, int]) -> dict[str, int]:
    return {Mailbox.objects.get(pk=pk).address: count for pk, count in split.items()}


def test_mailboxes_are_chosen_once_each_and_can_be_taken_away(clerk: User) -> None:
    first, second = several.boxes(clerk)
    office = build.organisation_of(clerk)
    campaign = drafts.create(office, name="Uno", mailbox=first, others=[second, first, second], actor=clerk)
    assert campaign.senders == [first, second]

    drafts.edit(campaign, name="Uno", mailbox=second, others=[first], actor=clerk)
    assert anew(campaign).senders == [second, first]
    drafts.edit(campaign, name="Uno", mailbox=second, actor=clerk)

    assert anew(campaign).senders == [second]
    assert not anew(campaign).is_split


def test_a_further_mailbox_has_to_be_the_offices_and_usable(clerk: User, draft: Campaign) -> None:
    foreign = kernel.mailbox(address="altrui@prova.example")
    idle = kernel.mailbox(build.organisation_of(clerk), address="ferma@prova.example", credentials_state="missing")
    for box, why in ((foreign, "another organisation"), (idle, "not been entered")):
        with pytest.raises(Refusal, match=why) as caught:
            drafts.edit(draft, name="Altro", mailbox=draft.mailbox, others=[box], actor=clerk)
        assert caught.value.field == "others"
    with pytest.raises(Refusal, match="another organisation"):
        drafts.create(build.organisation_of(clerk), name="X", mailbox=draft.mailbox, others=[foreign], actor=clerk)

    assert [box.address for box in anew(draft).senders] == [FIRST, SECOND]


def test_the_sheet_tells_each_mailboxes_part_and_its_hash_covers_them(clerk: User, draft: Campaign) -> None:
    plan = Plan.objects.create(name="A consumo", message_price=Decimal("0.10"), prices_noted_on="2026-01-15")
    change(FIRST, plan=plan)
    change(SECOND, plan=Plan.objects.create(name="Piccolo", daily_limit=53, message_price=Decimal("0.20")))
    draft = anew(draft)

    sheet = build.checked(draft)

    first, second = sheet.facts["mailboxes"]
    assert [(one["address"], one["messages"]) for one in (first, second)] == [(FIRST, 8), (SECOND, 2)]
    assert (first["cost"]["net"], second["cost"]["net"], second["cost"]["plan"]) == ("0.80", "0.40", "Piccolo")
    assert (sheet.facts["cost"]["net"], sheet.facts["cost"]["each"]) == ("1.20", "")
    assert first["ends"]
    assert sheet.split == [[draft.mailbox_id, 8], [second_box().pk, 2]]
    assert build.checked(draft).sha256 == sheet.sha256
    seen = {sheet.sha256}
    Plan.objects.filter(name="Piccolo").update(daily_limit=54)
    seen.add(build.checked(draft).sha256)  # another split of the same messages
    drafts.edit(draft, name=draft.name, mailbox=draft.mailbox, actor=clerk)
    assert approvals.is_void(sheet, anew(draft))
    seen.add(build.checked(anew(draft)).sha256)
    assert len(seen) == 3


def second_box() -> Mailbox:
    return Mailbox.objects.get(address=SECOND)


def test_what_the_sheet_says_is_what_the_start_does(clerk: User, draft: Campaign) -> None:
    change(SECOND, plan=Plan.objects.create(name="Piccolo", daily_limit=53))
    sheet = build.checked(anew(draft))
    Plan.objects.update(daily_limit=1000)  # a split made now would be another
    sender = {line: preview.of(anew(draft), line=line) for line in range(2, 12)}

    launch.launch(draft, actor=clerk, seen=sheet.sha256)
    launch.freeze(draft.pk)

    assert several.split(draft) == {FIRST: 8, SECOND: 2}
    for message in Message.objects.select_related("mailbox"):
        shown = sender[message.line]
        assert shown is not None
        assert shown.sender == message.mailbox.address
    assert [row.share for row in draft.further_boxes.all()] == [2]


def test_until_the_check_the_preview_names_all_that_it_may_be(draft: Campaign) -> None:
    shown = preview.of(draft, line=2)

    assert shown is not None
    assert shown.sender == f"{FIRST} / {SECOND}"


def test_other_work_and_usage_make_a_part_smaller(clerk: User, draft: Campaign) -> None:
    small = Plan.objects.create(name="Giornaliero", daily_limit=60, margin=50)
    change(FIRST, plan=small)
    other = build.started(clerk, statuses=[Shown.QUEUED] * 6)
    Campaign.objects.filter(pk=other.pk).update(mailbox=draft.mailbox)
    other.messages.update(mailbox=draft.mailbox)

    # of the ten that the first may send today five are the other campaign's, by turns: proportion 5 to 10
    assert by_address(splitting.of(anew(draft))) == {FIRST: 3, SECOND: 7}


def test_expiry_and_space_limit_a_part_while_the_other_has_room(draft: Campaign) -> None:
    change(FIRST, expires_at=timezone.now() + timedelta(days=1))
    assert by_address(splitting.of(anew(draft))) == {FIRST: 0, SECOND: 10}
    change(FIRST, expires_at=None, space_used=0, space_limit=1000)
    assert by_address(splitting.of(anew(draft), size=300)) == {FIRST: 2, SECOND: 8}
    change(FIRST, space_used=990)
    assert by_address(splitting.of(anew(draft))) == {FIRST: 0, SECOND: 10}

    change(SECOND, space_used=0, space_limit=1000)
    found = by_address(splitting.of(anew(draft), size=300))

    assert sum(found.values()) == 10  # nobody has room for all: they are split all the same, and the sheet warns
    assert found[SECOND] >= 3


def test_one_that_may_not_send_blocks_by_its_name(draft: Campaign) -> None:
    change(SECOND, credentials_state=CredentialsState.REFUSED)
    campaign = anew(draft)

    (finding,) = [each for each in readiness.check(campaign) if each.blocks]

    assert finding.sentence.startswith(f"{SECOND}: The provider refuses")
    assert by_address(splitting.of(campaign)) == {FIRST: 10}
    assert not build.checked(campaign).is_clean


def test_notes_name_the_mailbox_that_they_are_about(draft: Campaign) -> None:
    change(SECOND, expires_at=timezone.now() + timedelta(days=1))

    notes = build.checked(anew(draft)).facts["notes"]

    assert any(note.startswith(f"{SECOND}: The mailbox expires on") for note in notes)


def test_the_forecast_tells_each_part_and_the_end_of_all(draft: Campaign) -> None:
    change(FIRST, plan=Plan.objects.create(name="Lento", rate=0.5))
    change(SECOND, plan=Plan.objects.create(name="Lentissimo", rate=0.25))

    found = outlook.of(anew(draft))

    assert found is not None
    assert [part.mailbox.address for part in found.parts] == [FIRST, SECOND]
    assert sum(part.messages for part in found.parts) == 10
    ends = [part.ends for part in found.parts]
    assert found.ends == max(end for end in ends if end)
    assert found.parts[0].messages in (6, 7)


def test_a_split_that_other_work_has_overtaken_is_told(clerk: User, draft: Campaign) -> None:
    plans = [Plan.objects.create(name=name, daily_limit=55, margin=50) for name in ("Uno", "Due")]
    change(FIRST, plan=plans[0])
    change(SECOND, plan=plans[1])
    campaign = anew(draft)
    sheet: Sheet = build.checked(campaign)
    assert sheet.split == [[campaign.mailbox_id, 5], [second_box().pk, 5]]
    assert outlook.stale(campaign, dict(sheet.split)) == ""

    Plan.objects.filter(name="Uno").update(daily_limit=51)
    Plan.objects.filter(name="Due").update(daily_limit=1000)

    assert "Check it again" in outlook.stale(anew(draft), dict(sheet.split))


def test_a_follow_up_keeps_the_mailboxes_and_begins_with_one_that_may_send(clerk: User, draft: Campaign) -> None:
    campaign = build.launched(draft)
    change(FIRST, credentials_state=CredentialsState.REFUSED)

    copy = copying.duplicate(anew(campaign), actor=clerk)

    assert [box.address for box in copy.senders] == [SECOND, FIRST]
    assert any(FIRST in finding.sentence for finding in readiness.check(copy) if finding.blocks)


def test_a_running_campaign_says_that_a_part_never_leaves(draft: Campaign) -> None:
    campaign = anew(build.launched(draft))
    change(SECOND, credentials_state=CredentialsState.REFUSED)

    found = outlook.of(anew(campaign))

    assert found is not None
    assert found.ends is None
    assert [(part.messages, part.ends is None) for part in found.parts] == [(5, False), (5, True)]
    assert "cannot be sent to the end. 5 messages wait at due@prova.example" in found.warning


def test_the_forecast_counts_each_mailboxes_wait_for_the_trial(clerk: User, draft: Campaign) -> None:
    schedule.save(draft, When(pilot_size=2), actor=clerk)

    before = outlook.of(anew(draft))
    campaign = build.launched(draft)
    after = outlook.of(anew(campaign))

    for found in (before, after):
        assert found is not None
        assert all(part.ends and part.ends - timezone.now() > timedelta(seconds=25) for part in found.parts)
        assert [part.messages for part in found.parts] == [5, 5]
