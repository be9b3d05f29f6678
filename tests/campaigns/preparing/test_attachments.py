"""Files are looked into, stored once, weighed, and gone when they are removed."""

import io
import time
from pathlib import Path

import pytest
from django.conf import settings as portal
from pypdf import PdfWriter
from pytest_django import Settings

from campaigns import files
from campaigns.models import Attachment, Campaign
from campaigns.preparing import attachments
from campaigns.states import CampaignState
from pecportal.errors import Refusal
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def stored() -> list[Path]:
    return [path for path in Path(portal.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_file_is_kept_under_a_random_name_with_its_hash(tmp_path: Path) -> None:
    source = tmp_path / "avviso.pdf"
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(source)

    attachment = build.attach(build.draft(), source.read_bytes(), name="Avviso 2026.pdf")

    assert (attachment.name, attachment.content_type) == ("Avviso 2026.pdf", "application/pdf")
    assert build.path(attachment).read_bytes() == source.read_bytes()
    assert "Avviso" not in attachment.stored_as
    assert attachment.size == source.stat().st_size


@pytest.mark.parametrize(
    ("content", "name", "word"),
    [
        (b"%PDF-1.7\nnot really", "avviso.pdf", "not a real PDF"),
        (b"just text", "avviso.pdf", "content has another type"),
        (b"MZ\x90\x00 program", "avviso.exe", "may not be attached"),
        (b"", "nota.txt", "empty"),
    ],
)
def test_a_file_that_may_not_be_sent_is_refused_and_nothing_is_kept(content: bytes, name: str, word: str) -> None:
    campaign = build.draft()

    with pytest.raises(Refusal, match=word):
        build.attach(campaign, content, name=name)

    assert (Attachment.objects.count(), stored()) == (0, [])


def test_the_same_file_twice_is_kept_once() -> None:
    campaign = build.draft()

    first, second = build.attach(campaign), build.attach(campaign)

    assert first == second
    assert len(stored()) == 1


def test_another_file_of_the_same_name_is_refused() -> None:
    campaign = build.draft()
    build.attach(campaign, b"uno")

    with pytest.raises(Refusal, match="another attachment of this name"):
        build.attach(campaign, b"due", name="NOTA.txt")

    assert len(stored()) == 1


def test_what_makes_the_message_too_heavy_is_refused() -> None:
    campaign = build.draft()
    attachment = build.attach(campaign)
    Attachment.objects.filter(pk=attachment.pk).update(size=75_000_000)

    with pytest.raises(Refusal, match="100 MB"):
        build.attach(campaign, b"troppo", name="altro.txt")

    assert campaign.attachments.count() == 1
    assert files.encoded_size(75_000_000) > 100_000_000


@pytest.mark.django_db(transaction=True)
def test_a_removed_file_is_gone_and_removing_it_again_does_nothing() -> None:
    campaign = build.draft()
    attachment = build.attach(campaign)

    for _time in range(2):
        attachments.remove(campaign, attachment.pk, actor=campaign.created_by)

    assert (Attachment.objects.count(), stored()) == (0, [])


def test_a_file_of_another_campaign_is_not_removed() -> None:
    campaign = build.draft()
    other = build.attach(build.draft(campaign.created_by))

    attachments.remove(campaign, other.pk, actor=campaign.created_by)

    assert Attachment.objects.filter(pk=other.pk).exists()


def test_a_started_campaign_keeps_its_files_and_takes_no_more() -> None:
    campaign = build.draft()
    attachment = build.attach(campaign)
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING)

    with pytest.raises(Refusal):
        build.attach(campaign, b"altro", name="altro.txt")
    with pytest.raises(Refusal):
        attachments.remove(campaign, attachment.pk, actor=campaign.created_by)

    assert len(stored()) == 1


def test_who_waits_at_the_page_has_an_answer_within_the_setting(settings: Settings) -> None:
    """A process needs longer to start than it is given here: the clock is at fault, and says so."""
    settings.UPLOAD_SECONDS = 0.001
    target = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(target)
    draft = build.draft()
    began = time.monotonic()

    for upload in (build.attach, build.own_file):
        with pytest.raises(Refusal, match="could not look into the file in time"):
            upload(draft, target.getvalue(), name="a.pdf")

    assert time.monotonic() - began < 5
    settings.UPLOAD_SECONDS = 60.0
    assert build.attach(draft, target.getvalue(), name="a.pdf").pk
