"""Somebody else approves exactly what was checked, and nothing that was changed since is ever sent."""

import pytest
from django.core import mail
from pytest_django import Settings

from campaigns import approvals
from campaigns.models import Attachment, Campaign, Recipient, Submission
from campaigns.preparing import approving, writing
from campaigns.sending import launch
from campaigns.states import CampaignState, SubmissionState
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations.members import Reach
from pecportal.organisations.models import FourEyes, Membership, Organisation, User
from pecportal.permissions import Role
from pecportal.programs import register
from pecportal.programs.keys import Terms
from tests import build as kernel
from tests.campaigns import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    person = build.clerk()
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    return person


@pytest.fixture
def approver(clerk: User) -> User:
    return another(clerk)


def another(clerk: User, *roles: Role) -> User:
    return kernel.user(build.organisation_of(clerk), *(roles or (Role.APPROVER,)))


def handed_in(clerk: User) -> Submission:
    campaign = build.ready(clerk)
    return approving.submit(campaign, seen=build.checked(campaign).sha256, actor=clerk)


def state(submission: Submission) -> tuple[str, str]:
    submission.refresh_from_db()
    submission.campaign.refresh_from_db()
    return submission.state, submission.campaign.state


def approve(submission: Submission, actor: User, typed: str = "") -> bool:
    return approving.approve(submission, seen=submission.sha256, actor=actor, typed=typed)


def start(submission: Submission) -> None:
    campaign = submission.campaign
    launch.launch(campaign, actor=campaign.created_by, seen=submission.sha256)


def test_what_was_approved_can_be_started(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)
    assert state(submission) == ("open", "waiting")

    assert approve(submission, approver)

    assert state(submission) == ("approved", "approved")
    start(submission)
    launch.freeze(submission.campaign_id)
    assert state(submission) == ("approved", "running")


def test_handing_in_and_approving_twice_does_nothing_the_second_time(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)
    assert approving.submit(submission.campaign, seen=submission.sha256, actor=clerk) == submission
    approve(submission, approver)

    assert approve(submission, approver)

    assert submission.approvals.count() == 1
    assert Entry.objects.filter(action="campaign.approve").count() == 1
    changes = list(submission.campaign.history.values_list("state", flat=True))
    assert changes == ["draft", "checked", "waiting", "approved"]


def test_nothing_starts_that_was_not_approved(clerk: User) -> None:
    submission = handed_in(clerk)
    with pytest.raises(Refusal):
        start(submission)
    approving.take_back(submission.campaign, actor=clerk)

    with pytest.raises(Refusal, match="wants this campaign approved"):
        start(submission)

    assert state(submission) == ("void", "draft")


def test_who_made_the_key_of_a_program_does_not_approve_what_it_prepared(clerk: User, approver: User) -> None:
    office = build.organisation_of(clerk)
    program, _key = register.make(
        office, "ERP", Reach(frozenset({Role.CAMPAIGNS_WRITE}), None), terms=Terms(), actor=approver
    )
    submission = handed_in(clerk)
    Campaign.objects.update(created_by=program)
    submission.refresh_from_db()

    with pytest.raises(Refusal, match="You prepared this campaign"):
        approve(submission, approver)

    assert approve(submission, another(clerk))


@pytest.mark.parametrize("roles", [(Role.APPROVER,), (Role.APPROVER, Role.ADMINISTRATOR), tuple(Role)])
def test_nobody_approves_a_campaign_of_their_own_whatever_their_roles(clerk: User, roles: tuple[Role, ...]) -> None:
    office = build.organisation_of(clerk)
    submission = handed_in(clerk)
    for role in roles:
        Membership.objects.get_or_create(user=clerk, organisation=office, role=role)
    User.objects.filter(pk=clerk.pk).update(is_staff=True, is_superuser=True)
    clerk.refresh_from_db()

    with pytest.raises(Refusal, match="another person"):
        approve(submission, clerk)

    assert state(submission) == ("open", "waiting")


def test_whoever_wrote_a_part_of_it_does_not_approve_it(clerk: User, approver: User) -> None:
    campaign = build.ready(clerk)
    writing.save(campaign, subject="Mio oggetto", body=campaign.body, actor=approver)
    submission = approving.submit(campaign, seen=build.checked(campaign).sha256, actor=clerk)

    with pytest.raises(Refusal, match="a part of it"):
        approve(submission, approver)

    assert approve(submission, another(clerk))


@pytest.mark.parametrize("role", [Role.PREPARER, Role.ADMINISTRATOR, Role.KEEPER, Role.AUDITOR])
def test_only_approvers_approve(clerk: User, role: Role) -> None:
    submission = handed_in(clerk)

    with pytest.raises(Refusal, match="Only an approver"):
        approve(submission, another(clerk, role))

    stranger = kernel.user(kernel.organisation(), Role.APPROVER)
    with pytest.raises(Refusal, match="Only an approver"):
        approve(submission, stranger)


def test_another_hash_than_the_one_handed_in_is_not_approved(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)

    with pytest.raises(Refusal, match="not what was handed in"):
        approving.approve(submission, seen="0" * 64, actor=approver)

    assert not submission.approvals.exists()


def test_a_rejection_gives_the_draft_back_with_its_reason_and_a_letter(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)
    with pytest.raises(Refusal, match="Say why"):
        approving.reject(submission, reason="  ", actor=approver)

    for _time in range(2):
        approving.reject(submission, reason="L'importo è sbagliato.", actor=approver)
        approving.tell(submission.pk)

    assert state(submission) == ("rejected", "draft")
    last = submission.campaign.history.last()
    assert last is not None
    assert (last.by, last.reason) == (approver, "L'importo è sbagliato.")
    (letter,) = mail.outbox
    assert letter.to == [clerk.email]
    assert "L'importo è sbagliato." in letter.body
    writing.save(submission.campaign, subject="Corretto", body=build.BODY, actor=clerk)  # it may be changed again
    with pytest.raises(Refusal, match="void"):
        approve(submission, approver)


def test_approvers_who_may_are_written_to_once(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)

    approving.tell(submission.pk)
    approving.tell(submission.pk)

    assert [letter.to for letter in mail.outbox] == [[approver.email]]
    assert submission.campaign.get_absolute_url() in mail.outbox[0].body


def test_a_mail_server_that_does_not_answer_is_asked_again(clerk: User, approver: User, settings: Settings) -> None:
    submission = handed_in(clerk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    approving.tell(submission.pk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    approving.tell_untold()
    approving.tell(submission.pk)

    assert len(mail.outbox) == 1


@pytest.mark.parametrize("change", ["text", "address", "file", "mailbox", "hours"])
def test_what_is_changed_behind_the_approval_is_not_sent(clerk: User, approver: User, change: str) -> None:
    submission = handed_in(clerk)
    campaign = submission.campaign
    approve(submission, approver)
    start(submission)
    if change == "text":
        Campaign.objects.filter(pk=campaign.pk).update(body="<p>Tutt'altro per {{ nome }}</p>")
    elif change == "address":
        Recipient.objects.filter(campaign=campaign, line=3).update(address="altri@pec.example")
    elif change == "file":
        Attachment.objects.create(campaign=campaign, name="a.txt", size=1, sha256="1" * 64, stored_as="a")
    elif change == "hours":
        Campaign.objects.filter(pk=campaign.pk).update(weekdays="1")
    else:
        Campaign.objects.filter(pk=campaign.pk).update(
            mailbox=kernel.mailbox(campaign.organisation, address="b@b.example")
        )

    launch.freeze(campaign.pk)

    assert state(submission) == ("void", "draft")
    assert not campaign.messages.exists()
    assert "not what was checked" in submission.campaign.problem


def test_an_approver_who_lost_the_role_meanwhile_does_not_count(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)
    approve(submission, approver)
    approver.memberships.all().delete()

    with pytest.raises(Refusal, match="approved by more people, or by others"):
        start(submission)


def test_a_job_that_finds_a_launched_campaign_unapproved_gives_it_back(clerk: User) -> None:
    campaign = build.ready(clerk)
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING)

    launch.freeze(campaign.pk)

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    assert not campaign.messages.exists()


@pytest.mark.parametrize(
    ("rule", "above", "count", "number"),
    [
        (FourEyes.NEVER, 10, 11, 0),
        (FourEyes.ALWAYS, 10, 1, 1),
        (FourEyes.ABOVE, 10, 10, 0),
        (FourEyes.ABOVE, 10, 11, 1),
    ],
)
def test_the_organisation_says_which_campaigns_are_approved(rule: str, above: int, count: int, number: int) -> None:
    office = Organisation(four_eyes=rule, four_eyes_above=above)

    assert approvals.needed(Campaign(organisation=office, recipients_total=count)) == number
    office.two_approve_above = count - 1
    assert approvals.needed(Campaign(organisation=office, recipients_total=count)) == 2


def test_many_recipients_take_two_people(clerk: User, approver: User) -> None:
    Organisation.objects.update(two_approve_above=2)
    submission = handed_in(clerk)

    assert not approve(submission, approver)
    assert not approve(submission, approver)  # the same person does not count twice
    assert state(submission) == ("open", "waiting")
    assert approve(submission, another(clerk))

    assert state(submission) == ("approved", "approved")


def test_a_second_approval_that_is_wanted_later_holds_the_start_up(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)
    approve(submission, approver)
    Organisation.objects.update(two_approve_above=2)

    with pytest.raises(Refusal, match="by more people"):
        start(submission)


def test_many_recipients_are_typed_in_by_the_approver_and_by_whoever_starts(clerk: User, approver: User) -> None:
    campaign = build.ready(clerk)
    rows = (
        Recipient(
            campaign=campaign, version=campaign.list_version, line=n, address=f"d{n}@pec.example", values={"nome": "x"}
        )
        for n in range(9, 1007)
    )
    Recipient.objects.bulk_create(rows)
    Campaign.objects.filter(pk=campaign.pk).update(recipients_total=1001)
    submission = approving.submit(campaign, seen=build.checked(campaign).sha256, actor=clerk)

    with pytest.raises(Refusal, match="not the number of recipients"):
        approve(submission, approver, typed="1000")
    approve(submission, approver, typed="1.001")
    with pytest.raises(Refusal, match="not the number of recipients"):
        start(submission)
    launch.launch(campaign, actor=clerk, seen=submission.sha256, typed="1001")

    assert state(submission) == ("approved", "launching")


def test_what_waits_or_is_approved_cannot_be_changed(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)
    for _time in range(2):
        with pytest.raises(Refusal, match="not a draft"):
            writing.save(submission.campaign, subject="Altro", body=build.BODY, actor=clerk)
        if submission.state == SubmissionState.OPEN:
            approve(submission, approver)


def test_what_was_taken_back_has_to_be_approved_anew(clerk: User, approver: User) -> None:
    submission = handed_in(clerk)
    approve(submission, approver)

    for _time in range(2):
        approving.take_back(submission.campaign, actor=clerk)

    assert state(submission) == ("void", "draft")
    anew = approving.submit(submission.campaign, seen=submission.sha256, actor=clerk)
    assert (anew.pk, anew.state) != (submission.pk, SubmissionState.APPROVED)
