"""Single messages: taken once, frozen at once, sent like any, however many come at the same moment."""

import hashlib
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from campaigns import auditing
from campaigns.failures import Cause
from campaigns.models import Attempt, Campaign, Message, OwnFile, Posted
from campaigns.preparing import following
from campaigns.sending import launch, posting, pump
from campaigns.sending.posting import Letter, Upload
from campaigns.states import CampaignState
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import deployment
from pecportal.organisations.models import FourEyes, Organisation, User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.campaigns import build as campaigns
from tests.engine import draft
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
TO = "ditta@prova.example"


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def mailbox(box: Sandbox) -> Mailbox:
    mailbox: Mailbox = draft().mailbox
    return mailbox


@pytest.fixture
def actor(mailbox: Mailbox) -> User:
    return kernel.user(mailbox.organisation, Role.PREPARER, email="anna@portale.example")


def letter(**given: object) -> Letter:
    return Letter(**{"to": TO, "subject": "Avviso {{ 1 }}", "body": "<p>Testo {% x %}</p>", **given})  # type: ignore[arg-type]


def post(mailbox: Mailbox, actor: User, *, files: Sequence[Upload] = (), **given: object) -> Message:
    with posting.kept(files, mailbox=mailbox, actor=actor) as kept:
        return posting.post(mailbox, letter(files=kept, **given), actor=actor)


def upload(folder: Path, content: bytes, name: str) -> Upload:
    path = folder / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    return Upload(path, name)


def test_a_message_leaves_as_it_was_given_with_its_files_and_its_reference(
    box: Sandbox, mailbox: Mailbox, actor: User, tmp_path: Path
) -> None:
    nota, altra = upload(tmp_path, b"Nota.\n", "nota.txt"), upload(tmp_path, b"Altra.\n", "nota.txt")
    first = post(mailbox, actor, files=[nota], client_reference="ord-1")
    second = post(mailbox, actor, files=[altra])

    assert pump.run() == 2

    sent = sorted(box.ledger, key=lambda each: each.attachments[0][1])
    assert [each.recipient for each in sent] == [TO, TO]
    assert sent[0].subject == f"Avviso {{{{ 1 }}}} Rif. {first.ref}"
    assert sent[0].attachments == (("nota.txt", 6, hashlib.sha256(b"Nota.\n").hexdigest()),)
    assert sent[1].attachments == (("nota.txt", 7, hashlib.sha256(b"Altra.\n").hexdigest()),)
    assert first.content.body == "<p>Testo {% x %}</p>"
    assert Posted.objects.get(client_reference="ord-1").message == first
    assert (first.campaign, first.line, second.line) == (second.campaign, 1, 2)
    assert Entry.objects.filter(actor=actor).count() == 1  # not one for each message


def test_a_days_messages_are_one_campaign_which_ends_after_it(box: Sandbox, mailbox: Mailbox, actor: User) -> None:
    day = timezone.now().replace(hour=12, minute=0)
    with time_machine.travel(day, tick=True):
        old = posting.post(mailbox, letter(), actor=actor).campaign
        pump.run()
        assert launch.complete() == 0
        assert posting.post(mailbox, letter(), actor=actor).campaign == old
        pump.run()
    with time_machine.travel(day + timedelta(days=1), tick=True):
        new = posting.post(mailbox, letter(), actor=actor).campaign
        assert new != old
        assert launch.complete() == 1

    old.refresh_from_db()
    assert (old.state, old.recipients_total) == (CampaignState.COMPLETED, 2)
    assert list(auditing.campaigns_short()) == []
    assert old.name.startswith("Single messages of anna@portale.example, ")


def test_one_that_was_closed_too_early_goes_on(box: Sandbox, mailbox: Mailbox, actor: User) -> None:
    stream = posting.post(mailbox, letter(), actor=actor).campaign
    pump.run()
    Campaign.objects.filter(pk=stream.pk).move(CampaignState.COMPLETED)

    assert posting.post(mailbox, letter(), actor=actor).campaign == stream
    assert pump.run() == 1


def test_many_at_once_are_numbered_one_after_the_other(box: Sandbox, mailbox: Mailbox, actor: User) -> None:
    ends: list[object] = []

    def post(number: int) -> None:
        try:
            ends.append(posting.post(mailbox, letter(client_reference=str(number)), actor=actor).line)
        except Exception as exc:
            ends.append(exc)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(map(str, ends), key=int) == [str(line) for line in range(1, 13)]
    assert Campaign.objects.filter(stream_day__isnull=False).count() == 1
    assert pump.run() == 12
    assert len({each.subject for each in box.ledger}) == 12


def test_a_paused_stream_waits_and_a_stopped_one_takes_nothing_more(
    box: Sandbox, mailbox: Mailbox, actor: User
) -> None:
    stream = posting.post(mailbox, letter(), actor=actor).campaign
    launch.pause(stream, actor=actor)
    posting.post(mailbox, letter(), actor=actor)
    assert pump.run() == 0

    launch.stop(stream, actor=actor)

    with pytest.raises(Refusal, match="Somebody stopped today's messages"):
        posting.post(mailbox, letter(), actor=actor)
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    assert box.sent_count == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"to": "nessuno"}, "to"),
        ({"to": "a@b.example, c@d.example"}, "to"),
        ({"subject": "a\nBcc: b@c.example"}, "subject"),
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 300}, "subject"),
        ({"body": "<script>x</script>"}, "body"),
        ({"body": "\x00"}, "body"),
        ({"client_reference": "x" * 201}, "client_reference"),
        ({"client_reference": "a\x07"}, "client_reference"),
    ],
)
def test_what_may_not_be_sent_is_refused_at_its_field(
    mailbox: Mailbox, actor: User, given: dict[str, object], field: str
) -> None:
    with pytest.raises(Refusal) as caught:
        posting.post(mailbox, letter(**given), actor=actor)

    assert caught.value.field == field
    assert not Message.objects.exists()


def test_files_that_may_not_go_leave_nothing_behind(
    mailbox: Mailbox, actor: User, tmp_path: Path, settings: Settings
) -> None:
    good, program = upload(tmp_path, b"Nota.\n", "nota.txt"), upload(tmp_path, b"MZ\x90\x00", "setup.exe")
    for files in ([good, program], [good, good], [good] * 31):
        with pytest.raises(Refusal) as caught:
            post(mailbox, actor, files=files)
        assert caught.value.field == "files"

    with pytest.raises(Refusal):
        post(mailbox, actor, files=[good], subject="")

    assert not OwnFile.objects.exists()
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


def test_nothing_is_taken_while_it_could_not_be_sent_for_certain(mailbox: Mailbox, actor: User, tmp_path: Path) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(credentials_state=CredentialsState.REFUSED)
    with pytest.raises(Refusal, match="refuses the mailbox's user name"):
        posting.post(Mailbox.objects.get(), letter(), actor=actor)

    deployment.restored()
    with pytest.raises(Refusal):
        posting.post(mailbox, letter(), actor=actor)
    with pytest.raises(Refusal), posting.kept([upload(tmp_path, b"Testo.", "a.txt")], mailbox=mailbox, actor=actor):
        pytest.fail("Its files would be looked at.")
    assert not Message.objects.exists()


def test_where_a_second_person_approves_single_messages_are_no_way_around(mailbox: Mailbox, actor: User) -> None:
    Organisation.objects.update(four_eyes=FourEyes.ABOVE, four_eyes_above=2)
    office = Mailbox.objects.get()
    posting.post(office, letter(), actor=actor)
    posting.post(office, letter(), actor=actor)
    with pytest.raises(Refusal, match="To so many recipients"):
        posting.post(office, letter(), actor=actor)

    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    with pytest.raises(Refusal, match="a second person approves everything"):
        posting.post(Mailbox.objects.get(), letter(), actor=actor)
    assert Message.objects.count() == 2


def test_two_approvers_are_asked_over_all_of_a_persons_mailboxes(mailbox: Mailbox, actor: User) -> None:
    Organisation.objects.update(four_eyes=FourEyes.NEVER, two_approve_above=2)
    other = campaigns.sender(mailbox.organisation)
    posting.post(Mailbox.objects.get(pk=mailbox.pk), letter(), actor=actor)
    posting.post(Mailbox.objects.get(pk=other.pk), letter(), actor=actor)

    with pytest.raises(Refusal, match="To so many recipients"):
        posting.post(Mailbox.objects.get(pk=other.pk), letter(), actor=actor)
    assert Message.objects.count() == 2


def test_failed_ones_are_for_their_sender_to_post_again(box: Sandbox, mailbox: Mailbox, actor: User) -> None:
    stream = posting.post(mailbox, letter(), actor=actor).campaign

    with pytest.raises(Refusal, match="posted one by one"):
        following.again(stream, Cause.FULL, actor=actor)


def test_a_lost_answer_is_in_doubt_like_any(box: Sandbox, mailbox: Mailbox, actor: User) -> None:
    message = posting.post(mailbox, letter(), actor=actor)
    box.drop_next_answer(after_accepting=True)
    pump.run()
    pump.run()

    message.refresh_from_db()
    assert (message.state, box.sent_count) == ("uncertain", 1)
    assert Attempt.objects.count() == 1


def test_programs_send_without_an_approver_as_far_as_the_organisation_allows(mailbox: Mailbox) -> None:
    program = User.objects.create(email="erp@programs.invalid", is_program=True)
    with pytest.raises(Refusal, match="a person approves what programs send"):
        post(mailbox, program)

    Organisation.objects.update(programs_daily_limit=2, four_eyes=FourEyes.ALWAYS)
    post(mailbox, program)
    post(mailbox, program)
    with pytest.raises(Refusal, match="have sent to 2 today"):
        post(mailbox, program)

    assert Message.objects.count() == 2
