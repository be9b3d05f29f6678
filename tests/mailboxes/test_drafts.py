"""Registrations that are not sent yet: nobody overwrites unseen, contradictions are settled by a person, drafts end."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from mailboxes import cautions, drafts, history, holders, mismatches, registration, tasks
from mailboxes.models import Application, Mailbox, Plan, SavedStep
from mailboxes.states import MailboxState
from mailboxes.taxcodes import Difference
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
REASON = "Nata in ospedale a Milano, registrata a Roma."


@pytest.fixture
def colleague(clerk: User) -> User:
    """Another keeper of the same office."""
    return build.keeper(build.office_of(clerk))


def seen(box: Mailbox, step: str) -> int:
    return drafts.version_of(build.fresh(box).application, step)


# --- two people in one draft


def test_what_a_colleague_saved_meanwhile_is_not_overwritten_unseen(clerk: User, colleague: User) -> None:
    box = build.draft(clerk)
    opened = seen(box, "holder")
    registration.save_step(box, "holder", build.HOLDER | {"cap_titolare": "00118"}, actor=colleague, seen=opened)

    with pytest.raises(drafts.Overtaken, match=str(colleague)):
        registration.save_step(box, "holder", build.HOLDER | {"cap_titolare": "00199"}, actor=clerk, seen=opened)

    assert build.fresh(box).application.cap_titolare == "00118"
    registration.save_step(
        box, "holder", build.HOLDER | {"cap_titolare": "00199"}, actor=clerk, seen=seen(box, "holder")
    )
    assert build.fresh(box).application.cap_titolare == "00199"


def test_two_people_at_different_steps_do_not_hinder_each_other(clerk: User, colleague: User) -> None:
    box = build.draft(clerk)
    opened = seen(box, "holder")
    registration.save_step(
        box, "applicant", build.APPLICANT | {"telefono": "061"}, actor=colleague, seen=seen(box, "applicant")
    )

    registration.save_step(box, "holder", build.HOLDER | {"cap_titolare": "00199"}, actor=clerk, seen=opened)

    application = build.fresh(box).application
    assert (application.telefono, application.cap_titolare) == ("061", "00199")


def test_a_form_sent_twice_is_one_saving(clerk: User) -> None:
    box = build.draft(clerk)
    opened = seen(box, "holder")

    for _time in range(2):
        registration.save_step(box, "holder", build.HOLDER | {"cap_titolare": "00199"}, actor=clerk, seen=opened)

    assert seen(box, "holder") == build.fresh(box).application.version == opened + 1
    row = SavedStep.objects.get(application=box.pk, step="holder")
    assert row.by == clerk


def test_what_was_changed_after_the_review_was_opened_is_not_sent(clerk: User, colleague: User, jobs: Jobs) -> None:
    box = build.draft(clerk)
    opened = box.application.version
    registration.save_step(box, "holder", build.HOLDER | {"cap_titolare": "00199"}, actor=colleague)

    with pytest.raises(drafts.Overtaken, match="after you had opened the review"):
        registration.submit(box, actor=clerk, seen=opened)

    assert build.fresh(box).state == MailboxState.DRAFT
    assert jobs.names() == []
    registration.submit(box, actor=clerk, seen=opened + 1)
    assert build.fresh(box).state == MailboxState.REGISTERING


def test_who_sends_declares_that_the_data_are_true(clerk: User, colleague: User) -> None:
    box = build.draft(clerk)
    registration.submit(box, actor=colleague)

    application = build.fresh(box).application
    assert application.declared_by == colleague
    assert application.declared_at is not None
    entry = Entry.objects.get(action="mailbox.register")
    assert entry.actor == colleague
    assert entry.facts == {"declared": True, "price": str(build.plan().yearly_price)}


# --- contradictions


def contradicting(clerk: User, **changes: object) -> Mailbox:
    box = build.draft(clerk)
    data = build.APPLICANT | {"comune_nascita_richiedente": "Milano", "provincia_nascita_richiedente": "MI"} | changes
    registration.save_step(box, "applicant", data, actor=clerk, reason=REASON)
    return build.fresh(box)


def test_a_contradiction_that_nobody_settled_is_not_sent(clerk: User) -> None:
    box = build.draft(clerk, sesso_richiedente="M")

    with pytest.raises(Refusal, match="contradict the tax code"):
        registration.submit(box, actor=clerk)

    assert [each.stops for each in cautions.of(box)] == [True]
    assert mismatches.unsettled(box.application) == [Difference.SEX]


def test_who_overruled_it_when_and_why_is_kept_and_recorded(clerk: User, colleague: User) -> None:
    box = contradicting(clerk)

    application = box.application
    assert (application.overruled, application.overruled_reason) == (["place"], REASON)
    assert application.overruled_by == clerk
    assert application.overruled_at is not None
    entry = Entry.objects.get(action="mailbox.tax_code_overruled")
    assert (entry.actor, entry.facts) == (clerk, {"differences": ["place"], "reason": REASON})
    assert cautions.of(box) == []
    registration.submit(box, actor=colleague)


def test_the_same_data_saved_again_keep_the_first_reason_and_who_gave_it(clerk: User, colleague: User) -> None:
    box = contradicting(clerk)
    same = build.APPLICANT | {"comune_nascita_richiedente": "Milano", "provincia_nascita_richiedente": "MI"}

    registration.save_step(box, "applicant", same | {"telefono": "061"}, actor=colleague, reason=REASON)

    assert build.fresh(box).application.overruled_by == clerk
    assert Entry.objects.filter(action="mailbox.tax_code_overruled").count() == 1


def test_another_contradiction_needs_a_reason_of_its_own(clerk: User) -> None:
    box = contradicting(clerk)
    other = build.APPLICANT | {"comune_nascita_richiedente": "Torino", "provincia_nascita_richiedente": "TO"}

    registration.save_step(box, "applicant", other, actor=clerk)

    application = build.fresh(box).application
    assert (application.overruled, application.overruled_reason, application.overruled_by) == ([], "", None)
    with pytest.raises(Refusal):
        registration.submit(box, actor=clerk)


def test_data_that_agree_need_no_reason_any_more(clerk: User) -> None:
    box = contradicting(clerk)

    registration.save_step(box, "applicant", build.APPLICANT, actor=clerk, reason=REASON)

    application = build.fresh(box).application
    assert (application.overruled, application.overruled_reason, application.overruled_at) == ([], "", None)


# --- the end of a draft


def test_a_discarded_draft_is_erased_and_its_address_is_free_for_another(clerk: User) -> None:
    box = build.draft(clerk)

    drafts.discard(box, actor=clerk)

    assert not Application.objects.exists()
    assert Mailbox.objects.get().state == MailboxState.DISCARDED
    assert list(Mailbox.objects.kept()) == list(Mailbox.objects.unfinished()) == []
    assert Entry.objects.get(action="mailbox.discard").actor == clerk
    assert registration.start(build.office_of(clerk), address=build.ADDRESS, actor=clerk).pk != box.pk
    with pytest.raises(Refusal):
        drafts.discard(box, actor=clerk)


def test_what_was_sent_is_not_discarded(clerk: User, vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted(clerk)
    with pytest.raises(Refusal, match="not sent"):
        drafts.discard(box, actor=clerk)
    jobs.run()
    with pytest.raises(Refusal, match="not sent"):
        drafts.discard(box, actor=clerk)

    assert build.fresh(box).application.nome_richiedente == "Maria"


def test_what_the_vendor_refused_is_discarded_and_the_act_is_kept(
    clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.refuse("POST", "/pec", 428, "telefono required", error=234)
    box = build.registered(jobs, clerk)

    drafts.discard(box, actor=clerk)

    row = Mailbox.objects.get()
    assert (row.state, row.problem, row.acts.count()) == (MailboxState.DISCARDED, "", 1)


def test_the_draft_that_was_touched_last_comes_first(clerk: User) -> None:
    first, second = build.draft(clerk), build.draft(clerk, address="altra@pecmassiva.com")
    assert list(Mailbox.objects.unfinished()) == [second, first]

    registration.save_step(first, "holder", build.HOLDER | {"cap_titolare": "00199"}, actor=clerk)

    assert list(Mailbox.objects.unfinished()) == [first, second]


# --- with what a registration starts


def test_holders_of_earlier_registrations_are_offered_once_and_to_their_own_office(
    clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    for name in ("uno", "due"):
        build.registered(jobs, clerk, address=f"{name}@pecmassiva.com")
    build.registered(jobs, address="altrove@pecmassiva.com")
    box = build.draft(clerk)

    offered = holders.earlier(box)

    assert [row.mailbox.address for row in offered] == ["due@pecmassiva.com"]
    assert holders.data_of(offered[0])["denominazione_titolare"] == "Comune di Prova"


# --- what looks wrong but may be right


def test_a_postal_code_of_another_province_is_told_and_holds_up_nobody(clerk: User) -> None:
    box = build.draft(clerk)
    registration.save_step(box, "holder", build.HOLDER | {"cap_titolare": "20121"}, actor=clerk)
    box = build.fresh(box)

    assert ["lies in the province MI" in each.sentence for each in cautions.of(box)] == [True]
    registration.submit(box, actor=clerk)


@pytest.mark.parametrize(
    ("address", "kind", "word"),
    [("a@legalmail.it", "GOLD", "No campaign"), ("a@pec.comune.example", "PECMASSIVA", "certified the domain")],
)
def test_a_kind_that_cannot_send_and_an_own_domain_are_told(clerk: User, address: str, kind: str, word: str) -> None:
    box = build.draft(clerk, address=address)
    Mailbox.objects.filter(pk=box.pk).update(kind=kind)

    assert word in cautions.of(build.fresh(box))[0].sentence


def test_a_plan_that_is_not_ordered_here_is_not_sent(clerk: User) -> None:
    box = build.draft(clerk)
    Plan.objects.update(is_orderable=False)

    with pytest.raises(Refusal, match="not ordered here"):
        registration.submit(box, actor=clerk)


# --- drafts with which nobody goes on


def forgotten(box: Mailbox, *, days: float) -> None:
    """As if the draft had been touched last so long ago."""
    past = timezone.now() - timedelta(days=days)
    Mailbox.objects.filter(pk=box.pk).update(state_since=past)
    Application.objects.filter(mailbox=box).update(saved_at=past)


def test_a_draft_is_erased_thirty_days_after_it_was_saved_last(clerk: User) -> None:
    old, young = build.draft(clerk), build.draft(clerk, address="altro@pecmassiva.com")
    forgotten(old, days=30.1)
    forgotten(young, days=29.9)

    for _time in range(2):
        tasks.erase_drafts()

    assert Mailbox.objects.get(pk=old.pk).state == MailboxState.DISCARDED
    assert not Application.objects.filter(mailbox=old).exists()
    assert Application.objects.filter(mailbox=young).exists()
    assert (history.lines(old)[0].source, history.lines(old)[0].who) == ("The portal", "")
    assert Entry.objects.filter(action="mailbox.discard", actor=None).count() == 1


def test_a_draft_that_the_vendor_sent_back_has_its_days_from_then_on(clerk: User) -> None:
    box = build.draft(clerk)
    forgotten(box, days=40)
    Mailbox.objects.filter(pk=box.pk).update(state_since=timezone.now() - timedelta(days=1))

    assert drafts.erase_forgotten() == 0


def test_a_draft_that_was_taken_up_at_the_last_moment_stays(clerk: User) -> None:
    box = build.draft(clerk)
    with pytest.raises(Refusal, match="gone on"):
        drafts.discard(box, actor=None)
    assert Application.objects.filter(mailbox=box).exists()


def test_what_was_sent_is_not_erased_however_old(clerk: User) -> None:
    box = build.submitted(clerk)
    forgotten(box, days=400)

    assert drafts.erase_forgotten() == 0
    assert Application.objects.filter(mailbox=box).exists()


def test_none_is_erased_where_the_installation_says_so(clerk: User, settings: Settings) -> None:
    settings.DRAFTS_ERASE_DAYS = 0
    forgotten(build.draft(clerk), days=400)

    assert drafts.erase_forgotten() == 0


@pytest.mark.parametrize("page", ["mailboxes:index", "mailboxes:detail", "mailboxes:review"])
def test_the_day_is_told_beforehand(browser: Client, clerk: User, page: str) -> None:
    box = build.draft(clerk)
    due = drafts.erased_on(box)
    assert due is not None

    html = browser.get(reverse(page, args=[] if page.endswith("index") else [box.pk])).content.decode()

    assert f"erased on {timezone.localtime(due):%d/%m/%Y}" in html
