"""Every act of the console by several operators at the same moment: it is done once, and told of once."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from django_q.models import Failure

from campaigns.console import acting
from campaigns.console.desks import DESKS
from campaigns.models import BrokenItem, Campaign, Letter, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import lanes
from campaigns.states import LetterState, Shown
from campaigns.tracking import restoring
from mailboxes import notices
from mailboxes.models import Mailbox, Notice
from mailboxes.models.notices import NoticeKind
from mailboxes.states import CredentialsState
from pecportal import queue
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import alerts, deployment, letters, liveness, switches
from pecportal.operation.models import Delivery, Pulse, Scope, Switch
from pecportal.organisations import glass
from pecportal.organisations.models import User
from tests import build as kernel
from tests import engine
from tests.campaigns import build
from tests.campaigns import doubts as doubting
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
OPERATORS = 3
OLD = timedelta(hours=1)


def at_once(work: Callable[[User], object]) -> list[object]:
    """What each operator was told who did it at the same moment."""
    emails = [f"olga{n}@portale.example" for n in range(OPERATORS)]
    people = [User.objects.filter(email=each).first() or User.objects.create_superuser(each) for each in emails]
    start, told = threading.Barrier(OPERATORS), list[object]()

    def act(who: User) -> None:
        try:
            start.wait(30)
            told.append(work(who))
        except Exception as exc:  # told below
            told.append(exc)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=[who]) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def doubt() -> list[str]:
    found = doubting.doubt()
    doubting.approver(found.message.campaign.organisation)
    return [str(found.pk)]


def receipt() -> list[str]:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    subject = f"CONSEGNA: Avviso Rif. {campaign.messages.get().ref[:6]}"
    return [str(build.unmatched(campaign.mailbox, subject).pk)]


def known_by_now() -> list[str]:
    campaign = build.started()
    found = build.unmatched(campaign.mailbox, "ACCETTAZIONE: Avviso Rif. 7KQ2M9AB3C")
    message = build.message(campaign, status=Shown.UNCERTAIN)
    Message.objects.filter(pk=message.pk).update(ref="7KQ2M9AB3C")
    message.attempts.update(ref="7KQ2M9AB3C")
    return [str(found.pk)]


def unread() -> list[str]:
    now, box = timezone.now(), build.started().mailbox
    return [
        f"item:{BrokenItem.objects.create(mailbox=box, key=key, problem='x', first_seen_at=now, seen_at=now).pk}"
        for key in "ab"
    ]


def lane(hold: str = Hold.VENDOR, holder: str = "") -> list[str]:
    campaign = engine.running(messages=1)
    Campaign.objects.update(state_since=timezone.now() - OLD)
    Message.objects.update(not_before=timezone.now() - OLD)
    later = timezone.now() + timedelta(days=1)
    if holder:
        lanes.acquire(holder)
        SendingLane.objects.update(leased_until=later)
    else:
        SendingLane.objects.create(mailbox=campaign.mailbox, hold=hold, held_until=later)
    return [f"lane:{campaign.mailbox_id}"]


def frozen() -> list[str]:
    return lane(holder="gone:1")


def refused() -> list[str]:
    box = build.started().mailbox
    Mailbox.objects.update(credentials_state=CredentialsState.REFUSED, credentials_since=timezone.now())
    return [f"box:{box.pk}"]


def unmade() -> list[str]:
    pk = build.started().pk
    facts = {"file_name": "a.pdf", "subject": "a", "body": "a", "state": LetterState.MAKING}
    Letter.objects.create(campaign_id=pk, state_since=timezone.now() - OLD, **facts)
    return [f"letter:{pk}"]


def unsent() -> list[str]:
    notices.note(build.started().mailbox, NoticeKind.CREDENTIALS)
    Notice.objects.update(at=timezone.now() - OLD, tried_at=timezone.now() - OLD, tries=3)
    return [f"notice:{Notice.objects.get().pk}"]


def untold() -> list[str]:
    User.objects.create_superuser("anna@portale.example")
    alerts.alert("incident", 7)
    letters.plan()
    Delivery.objects.update(tries=6, next_at=timezone.now() + timedelta(minutes=20))
    return [f"delivery:{Delivery.objects.get().pk}"]


def standing() -> list[str]:
    Pulse.objects.filter(name="tracking").update(beaten_at=timezone.now() - timedelta(minutes=10))
    return ["work:tracking"]


# each act of each desk: what it is done with
ACTS: dict[str, Callable[[], list[str]]] = {
    "doubts.search": doubt,
    "doubts.ask": doubt,
    "unmatched.match": known_by_now,
    "unmatched.link": receipt,
    "unmatched.ask": receipt,
    "unmatched.read": receipt,
    "stuck.again": unmade,
    "stuck.try": lane,
    "stuck.free": frozen,
    "stuck.password": refused,
    "quarantine.read": unread,
    "quarantine.ask": unread,
}
MORE = {"stuck.again": [unsent, untold, standing]}
CASES = [(act, make) for act, first in ACTS.items() for make in (first, *MORE.get(act, []))]


def test_every_act_of_every_desk_is_tried() -> None:
    assert set(ACTS) == {f"{desk.name}.{act.name}" for desk in DESKS.values() for act in desk.acts}


@pytest.mark.parametrize(("name", "make"), CASES, ids=[f"{name}-{make.__name__}" for name, make in CASES])
def test_several_operators_at_once_do_it_once(name: str, make: Callable[[], list[str]], jobs: Jobs) -> None:
    liveness.expect()
    keys = make()
    desk = DESKS[name.partition(".")[0]]
    act = desk.act(name.partition(".")[2])
    assert act is not None
    jobs.clear()

    def work(who: User) -> acting.Done:
        return acting.perform(desk, act, keys, token=uuid.uuid4(), reason="x", actor=who)

    told = at_once(work)

    done = [each.done for each in told if isinstance(each, acting.Done)]
    assert sorted(done) == [0] * (OPERATORS - 1) + [len(keys)], told
    assert Entry.objects.filter(action="console.act").count() == 1
    rung = jobs.names()
    assert len(rung) == len(set(rung)), rung
    assert Notice.objects.count() <= 1


def test_several_operators_at_once_switch_once() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])

    def off(who: User) -> object:
        return switches.turn_off(Scope.CAMPAIGN, campaign.pk, name="x", sentence="We look.", reason="x", actor=who)

    def on(who: User) -> object:
        return switches.turn_on(Scope.CAMPAIGN, campaign.pk, reason="x", actor=who)

    assert sorted(map(str, at_once(off))) == ["False", "False", "True"]
    assert sorted(map(str, at_once(on))) == ["False", "False", "True"]
    assert Switch.objects.count() == 1
    assert Entry.objects.filter(action__startswith="switch.").count() == 2


def test_several_operators_at_once_run_a_failed_job_once(jobs: Jobs) -> None:
    now = timezone.now()
    facts = {"func": "campaigns.tasks.unpack", "args": (7,), "started": now, "stopped": now, "success": False}
    key = Failure.objects.create(id="a", name="x", result="Traceback\nKeyError: 'x'", **facts).pk
    jobs.clear()

    told = at_once(lambda who: queue.run_again(key))

    assert [each is None for each in told].count(False) == 1, told
    assert jobs.names() == ["campaigns.tasks.unpack"]


def test_several_operators_at_once_switch_sending_on_once(jobs: Jobs) -> None:
    deployment.restored()
    jobs.clear()

    told = at_once(lambda who: restoring.lift(actor=who, reason="x", force=True))

    assert all(each is None or isinstance(each, Refusal) for each in told), told
    assert Entry.objects.filter(action="deployment.sending_on").count() == 1
    assert jobs.names() == ["campaigns.tasks.pump"]


def test_several_operators_at_once_end_an_emergency_access_once() -> None:
    office = kernel.organisation()
    row = glass.smash(
        office, reason="The office cannot come in", actor=User.objects.create_superuser("a@portale.example")
    )

    told = at_once(lambda who: glass.close(row, actor=who))

    assert told == [None] * OPERATORS
    assert Entry.objects.filter(action="glass.close").count() == 1
