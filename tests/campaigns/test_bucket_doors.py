"""Whatever else opens files does so in a bucket, too: handing out, the check, the audit; and while it is away."""

from collections.abc import Iterator

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from campaigns import auditing, readiness
from campaigns.models import Attachment, Campaign, Decision
from campaigns.preparing import attachments
from campaigns.states import CampaignState
from mailboxes.models import Paper
from mailboxes.models.papers import PaperKind
from pecportal import stored
from pecportal.operation.models import Alert
from tests.buckets import Bucket
from tests.campaigns import build, doubts
from tests.mailboxes import build as boxes

pytestmark = pytest.mark.django_db
CONTENT = b"Nota.\n" * 1000
QUESTIONS = {"files_changed", "papers_changed", "proofs_changed"}


@pytest.fixture
def draft(bucket: Bucket) -> Campaign:
    campaign = build.ready()
    build.attach(campaign, CONTENT)
    return campaign


def browser(campaign: Campaign) -> Client:
    client = Client()
    client.force_login(campaign.created_by)
    return client


def address(campaign: Campaign) -> str:
    return reverse("campaigns:attachment", args=[campaign.pk, campaign.attachments.get().pk])


def codes(campaign: Campaign, *, quick: bool) -> list[str]:
    return [finding.code for finding in readiness.check(campaign, quick=quick) if finding.blocks]


def test_an_attachment_is_handed_out_only_as_it_was_kept(draft: Campaign, bucket: Bucket) -> None:
    answer = browser(draft).get(address(draft))
    assert isinstance(answer, StreamingHttpResponse)
    assert b"".join(_bytes(answer)) == CONTENT
    assert answer.headers["Content-Length"] == str(len(CONTENT))

    bucket.put(draft.attachments.get().stored_as, b"Altro")

    assert browser(draft).get(address(draft)).status_code == 404


@pytest.mark.parametrize("fault", ["away", "500"])
def test_while_the_bucket_is_in_trouble_pages_say_so(draft: Campaign, bucket: Bucket, fault: str) -> None:
    bucket.breaks(fault)

    answer = browser(draft).get(address(draft))

    assert answer.status_code == 503
    assert "cannot reach its files" in answer.content.decode()
    assert answer.headers["Retry-After"] == "60"
    page = browser(draft).get(draft.get_absolute_url())
    assert page.status_code == 200
    assert "cannot be looked at just now" in page.content.decode()


@pytest.mark.parametrize("quick", [True, False])
def test_the_check_does_not_call_a_file_damaged_that_cannot_be_had(
    draft: Campaign, bucket: Bucket, *, quick: bool
) -> None:
    assert codes(draft, quick=quick) == []

    bucket.breaks("away")
    assert codes(draft, quick=quick) == ["files_away"]

    bucket.breaks("")
    default_storage.delete(draft.attachments.get().stored_as)
    assert codes(draft, quick=quick) == ["attachment"]


def test_nothing_is_attached_while_the_bucket_is_away_and_it_can_be_done_later(draft: Campaign, bucket: Bucket) -> None:
    upload = {"upload": SimpleUploadedFile("altra.txt", b"Altra nota.\n")}
    bucket.breaks("away")

    assert browser(draft).post(reverse("campaigns:attachments", args=[draft.pk]), upload).status_code == 503
    assert draft.attachments.count() == 1

    bucket.breaks("")
    upload = {"upload": SimpleUploadedFile("altra.txt", b"Altra nota.\n")}
    assert browser(draft).post(reverse("campaigns:attachments", args=[draft.pk]), upload).status_code == 302
    assert draft.attachments.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_taken_off_leaves_the_bucket(draft: Campaign) -> None:
    file = draft.attachments.get()

    attachments.remove(draft, file.pk, actor=draft.created_by)

    assert not default_storage.exists(file.stored_as)


def test_the_audit_reads_the_bucket_and_leaves_out_what_it_cannot_ask(draft: Campaign, bucket: Bucket) -> None:
    boxes.paper(draft.mailbox, PaperKind.IDENTITY, b"%PDF-1.4 documento")
    Campaign.objects.filter(pk=draft.pk).update(state=CampaignState.PAUSED)
    assert not any(auditing.run().found[question] for question in QUESTIONS)

    bucket.breaks("away")
    found = auditing.run().found
    assert QUESTIONS & set(found) == {"proofs_changed"}  # there is none to look at
    assert _unasked() == {"files_changed", "papers_changed"}

    bucket.breaks("")
    default_storage.delete(Attachment.objects.get().stored_as)
    default_storage.delete(Paper.objects.get().stored_as)
    found = auditing.run().found
    assert (found["files_changed"], found["papers_changed"]) == (1, 1)
    assert _unasked() == set()


def test_a_receipt_that_a_person_handed_in_is_kept_in_the_bucket_and_given_out(bucket: Bucket) -> None:
    attempt = doubts.doubt()
    client = Client()
    client.force_login(doubts.approver(attempt.message.campaign.organisation))
    eml = b"From: a@pec.example\r\nSubject: CONSEGNA: Avviso\r\n\r\nTesto\r\n"
    form = {"choice": "sent", "reason": "Vista", "seen": doubts.seen(attempt)}
    url = reverse("campaigns:doubt", args=[attempt.message.campaign_id, attempt.message_id])

    client.post(url, form | {"proof": SimpleUploadedFile("ricevuta.eml", eml, "message/rfc822")})

    decision = Decision.objects.get()
    assert stored.is_whole(decision.proof_stored_as, sha256=decision.proof_sha256)
    given = client.get(reverse("campaigns:proof", args=[attempt.message.campaign_id, decision.pk]))
    assert isinstance(given, StreamingHttpResponse)
    assert b"".join(_bytes(given)) == eml


def _bytes(answer: StreamingHttpResponse) -> Iterator[bytes]:
    for chunk in answer:
        assert isinstance(chunk, bytes)
        yield chunk


def _unasked() -> set[str]:
    return set(Alert.objects.filter(kind=auditing.UNASKED, ended_at=None).values_list("key", flat=True))
