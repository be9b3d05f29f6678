"""The console's desks: evidence without contents, lawful acts alone, a preview and a reason, once if sent twice."""

import threading
import uuid

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.console import acting, doubts, quarantine, unmatched
from campaigns.console.desks import DESKS
from campaigns.models import Attempt, BrokenItem, Campaign, Message, Receipt
from campaigns.sending import pump
from campaigns.states import CampaignState, MessageState, Outcome, Shown
from campaigns.tracking import searching
from mailboxes.models import Notice
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation.models import Deed
from pecportal.organisations.models import User
from pecportal.sandbox import Sandbox
from tests.campaigns import build
from tests.campaigns import doubts as doubting
from tests.campaigns.console import chosen, desk_page, done
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
SECRETS = ["segreto@pec.example", "Oggetto segreto", "Testo segreto"]


def test_a_doubt_is_shown_with_its_evidence_and_searched_for_on_demand(operator: Client, jobs: Jobs) -> None:
    doubt = doubting.doubt()
    Message.objects.update(recipient="segreto@pec.example")
    jobs.clear()

    page = desk_page(operator, "doubts")
    assert doubt.ref in page
    assert "Not searched for yet" in page
    assert "Send it again" not in page
    assert [secret for secret in SECRETS if secret in page] == []
    preview = chosen(operator, "doubts", "search", [str(doubt.pk)])
    assert jobs.names() == []
    told = done(operator, preview)

    assert "Done with one." in told
    assert jobs.names() == ["campaigns.tasks.search_one"]
    entry = Entry.objects.latest("number")
    assert (entry.action, entry.facts["reason"]) == ("console.act", "It has waited for long")


def test_a_search_out_of_turn_settles_the_doubt(vendor: Sandbox) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    running(messages=1)
    vendor.drop_next_answer(after_accepting=True)
    pump.run()
    vendor.advance(hours=1)
    attempt = Attempt.objects.get()
    assert doubting.outcome(attempt) == Outcome.UNCERTAIN

    assert searching.search_now(attempt.pk) == 2

    assert doubting.outcome(attempt) == Outcome.ACCEPTED
    assert searching.search_now(attempt.pk) == 0
    assert attempt.searches.count() == 1


def test_a_second_job_of_the_same_moment_searches_no_more(vendor: Sandbox) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    doubt = doubting.doubt(build.started())

    for _n in range(2):
        searching.search_now(doubt.pk)

    assert doubt.searches.count() == 1


def test_the_organisations_approvers_are_asked_once_a_day(operator: Client) -> None:
    campaign = build.started()
    doubt = doubting.doubt(campaign)
    refused = done(operator, chosen(operator, "doubts", "ask", [str(doubt.pk)]))
    assert "Nobody in the organisation may do that" in refused
    doubting.approver(campaign.organisation)
    doubts_of_it = [doubting.doubt(campaign), doubting.doubt(campaign)]

    for _n in range(2):
        done(operator, chosen(operator, "doubts", "ask", [str(each.pk) for each in doubts_of_it]))

    assert Notice.objects.filter(kind="asked_doubts").count() == 1


def test_nobody_decides_a_doubt_in_the_console() -> None:
    assert {act.name for act in doubts.DESK.acts} == {"search", "ask"}


def test_an_act_that_the_desk_does_not_have_is_not_there(operator: Client) -> None:
    doubt = doubting.doubt()

    for act in ("send_again", "link", ""):
        answer = operator.post(reverse("console:choose", args=["doubts"]), {"act": act, "item": [str(doubt.pk)]})
        assert answer.status_code == 404


def test_a_receipt_that_names_its_message_is_given_to_it(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    message = campaign.messages.get()
    receipt = build.unmatched(campaign.mailbox, f"CONSEGNA: Avviso Rif. {message.ref[:6]}")

    page = desk_page(operator, "unmatched")
    assert f"It fits message {message.ref}" in page
    assert "Avviso Rif" not in page
    told = done(operator, chosen(operator, "unmatched", "link", [str(receipt.pk)]))

    assert "Done with one." in told
    receipt.refresh_from_db()
    message.refresh_from_db()
    assert (receipt.message_id, receipt.desk, message.status) == (message.pk, "linked", Shown.DELIVERED)


def test_a_receipt_is_not_given_to_a_message_in_doubt_by_an_operator(operator: Client, who: User) -> None:
    doubt = doubting.doubt()
    receipt = build.unmatched(doubt.mailbox, f"CONSEGNA: Avviso Rif. {doubt.message.ref[:6]}")

    page = desk_page(operator, "unmatched")
    assert "That message is in doubt" in page
    preview = chosen(operator, "unmatched", "link", [str(receipt.pk)])

    assert "There is nothing among these" in preview
    assert doubting.outcome(doubt) == Outcome.UNCERTAIN
    with pytest.raises(Refusal):
        unmatched.link(unmatched.items([str(receipt.pk)])[0], who)


def test_rules_find_what_is_known_by_now(operator: Client) -> None:
    campaign = build.started()
    receipt = build.unmatched(campaign.mailbox, "ACCETTAZIONE: Avviso Rif. 7KQ2M9AB3C")
    message = build.message(campaign, status=Shown.UNCERTAIN)
    message.ref = "7KQ2M9AB3C"
    message.save()
    message.attempts.update(ref=message.ref)
    assert receipt.problem == "unknown_reference"

    done(operator, chosen(operator, "unmatched", "match", [str(receipt.pk)]))

    message.refresh_from_db()
    assert (message.state, message.status) == (MessageState.SUBMITTED, Shown.ACCEPTED)
    assert not Receipt.objects.filter(message=None).exists()


def test_what_cannot_be_read_is_read_once_more(operator: Client, jobs: Jobs) -> None:
    box = build.started().mailbox
    for key in "ab":
        BrokenItem.objects.create(
            mailbox=box,
            key=key,
            subject="Oggetto segreto",
            problem="x",
            first_seen_at=timezone.now(),
            seen_at=timezone.now(),
        )
    jobs.clear()

    assert "Oggetto segreto" not in desk_page(operator, "quarantine")
    told = done(operator, chosen(operator, "quarantine", "read", [], all="on"))

    assert "Done with 2." in told
    assert jobs.names() == ["campaigns.tasks.read_whole"]  # one reading is enough for both


def test_a_campaign_with_a_damaged_file_tells_which(operator: Client) -> None:
    campaign = build.started()
    file = build.attach_to(campaign)
    build.path(file).write_bytes(b"Something else")
    Campaign.objects.update(state=CampaignState.PAUSED, problem="An attachment cannot be read.")

    assert file.stored_as in desk_page(operator, "quarantine")
    assert "nota.txt" not in desk_page(operator, "quarantine")


@pytest.mark.parametrize("name", sorted(DESKS))
def test_an_empty_desk_says_so(operator: Client, name: str) -> None:
    assert "In order" in desk_page(operator, name)


def test_all_by_filter_are_those_of_one_mailbox(operator: Client) -> None:
    mine, other = doubting.doubt(), doubting.doubt()

    page = desk_page(operator, "doubts", mailbox=mine.mailbox_id)
    assert mine.ref in page
    assert other.ref not in page
    preview = chosen(operator, "doubts", "search", [], all="on", mailbox=str(mine.mailbox_id))

    assert mine.ref in preview
    assert other.ref not in preview


def test_without_a_reason_nothing_is_done(operator: Client, jobs: Jobs) -> None:
    doubt = doubting.doubt()
    jobs.clear()

    told = done(operator, chosen(operator, "doubts", "search", [str(doubt.pk)]), reason=" ")

    assert "Write down why" in told
    assert jobs.names() == []
    assert not Deed.objects.exists()


def test_a_form_that_is_sent_twice_is_done_once(operator: Client, jobs: Jobs) -> None:
    doubt = doubting.doubt()
    jobs.clear()
    preview = chosen(operator, "doubts", "search", [str(doubt.pk)])

    done(operator, preview)
    assert "This form was sent before" in done(operator, preview)

    assert jobs.names() == ["campaigns.tasks.search_one"]
    assert Deed.objects.get().done == 1


def test_a_form_sent_at_once_from_two_windows_is_done_once(who: User, jobs: Jobs) -> None:
    doubt, token = doubting.doubt(), uuid.uuid4()
    jobs.clear()
    act = doubts.DESK.act("search")
    assert act is not None
    results: list[acting.Done] = []

    def send() -> None:
        results.append(acting.perform(doubts.DESK, act, [str(doubt.pk)], token=token, reason="x", actor=who))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.done for each in results) == [0, 0, 0, 1]
    assert jobs.names() == ["campaigns.tasks.search_one"]


def test_two_operators_at_once_give_one_receipt_once(who: User) -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    receipt = build.unmatched(campaign.mailbox, f"CONSEGNA: Avviso Rif. {campaign.messages.get().ref[:6]}")
    act = unmatched.DESK.act("link")
    assert act is not None
    results: list[acting.Done] = []

    def send() -> None:
        keys = [str(receipt.pk)]
        results.append(acting.perform(unmatched.DESK, act, keys, token=uuid.uuid4(), reason="x", actor=who))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(each.done for each in results) == 1
    assert Entry.objects.filter(action="receipt.link").count() == 1


def test_what_was_settled_meanwhile_is_left_alone(operator: Client, jobs: Jobs) -> None:
    doubt = doubting.doubt()
    preview = chosen(operator, "doubts", "search", [str(doubt.pk)])
    Attempt.objects.update(outcome=Outcome.ACCEPTED)
    jobs.clear()

    assert "nothing was done: it was done a moment ago" in done(operator, preview)

    assert jobs.names() == []


def test_only_who_may_operate_gets_in(client: Client, who: User) -> None:
    staff = User.objects.create_user("aldo@portale.example", is_staff=True)
    clerk = build.clerk()
    pages = [reverse("console:desk", args=[name]) for name in DESKS]
    pages += [reverse(f"console:{name}") for name in ("board", "switches", "queue")]
    for person, status in ((staff, 404), (clerk, 302)):
        client.force_login(person)
        assert {client.get(page).status_code for page in pages} == {status}
    client.force_login(staff)
    assert "board" not in client.get("/admin/").context

    staff.user_permissions.add(Permission.objects.get(codename="operate"))
    assert {client.get(page).status_code for page in pages} == {200, 302}  # the board is htmx's alone
    assert client.get("/admin/").context["board"] is not None
    assert quarantine.keys() == []
