"""Texts kept for other campaigns, with every version that they had."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, SavedText, TextVersion
from campaigns.preparing import texts, writing
from campaigns.states import CampaignState
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def draft(clerk: User) -> Campaign:
    return build.ready(clerk)


def keep(draft: Campaign, name: str = "Solleciti") -> TextVersion:
    draft.refresh_from_db()
    return texts.keep(draft, name=name, actor=draft.created_by)


def rewrite(draft: Campaign, subject: str) -> None:
    writing.save(draft, subject=subject, body="Altro testo per {{ nome }}.", actor=draft.created_by)


def test_a_change_makes_a_version_and_the_same_text_makes_none(draft: Campaign) -> None:
    first = keep(draft)
    assert keep(draft, "  Solleciti ") == first

    rewrite(draft, "Secondo avviso")
    second = keep(draft)

    assert (first.n, second.n) == (1, 2)
    first.refresh_from_db()
    assert (first.subject, second.subject) == (build.SUBJECT, "Secondo avviso")
    assert SavedText.objects.get() == second.saved_text


def test_any_version_is_used_in_another_campaign(draft: Campaign, clerk: User) -> None:
    first = keep(draft)
    rewrite(draft, "Secondo avviso")
    keep(draft)
    other = build.upload(build.draft(clerk), build.CSV)

    texts.use(other, first, actor=clerk)
    found = texts.use(other, first, actor=clerk)

    assert (found.subject, found.body) == (build.SUBJECT, build.BODY)


def test_a_text_whose_fields_the_list_lacks_is_refused_and_nothing_changes(draft: Campaign, clerk: User) -> None:
    version = keep(draft)
    other = build.upload(build.draft(clerk), "ditta;pec\nRossi;rossi@pec.example\n")

    with pytest.raises(Refusal, match="no column for"):
        texts.use(other, version, actor=clerk)

    other.refresh_from_db()
    assert other.subject == ""


@pytest.mark.parametrize("name", ["", "   "])
def test_a_text_without_a_name_is_not_kept(draft: Campaign, name: str) -> None:
    with pytest.raises(Refusal, match="Give the text a name"):
        keep(draft, name)

    assert not SavedText.objects.exists()


def test_nothing_written_is_nothing_to_keep(clerk: User) -> None:
    with pytest.raises(Refusal, match="not written yet"):
        keep(build.draft(clerk))


def test_a_foreign_text_is_refused(draft: Campaign) -> None:
    foreign = keep(build.ready())

    with pytest.raises(Refusal, match="another organisation"):
        texts.use(draft, foreign, actor=draft.created_by)


def test_a_campaign_that_was_started_takes_no_text(draft: Campaign) -> None:
    version = keep(draft)
    Campaign.objects.update(state=CampaignState.RUNNING)

    with pytest.raises(Refusal, match="not a draft any more"):
        texts.use(draft, version, actor=draft.created_by)


def test_what_was_put_away_is_not_offered_until_its_name_is_used_again(draft: Campaign) -> None:
    saved = keep(draft).saved_text
    texts.put_away(saved, actor=draft.created_by)
    texts.put_away(saved, actor=draft.created_by)
    assert SavedText.objects.get().put_away

    keep(draft)

    assert not SavedText.objects.get().put_away
    assert TextVersion.objects.count() == 1


def test_the_whole_way_in_the_pages(browser: Client, draft: Campaign, clerk: User) -> None:
    def url(name: str, campaign: Campaign) -> str:
        return reverse(f"campaigns:{name}", args=[campaign.pk])

    kept = browser.post(url("text_keep", draft), {"name": "Solleciti"}, follow=True)
    assert "kept as “Solleciti”, version 1" in words(kept)
    other = build.upload(build.draft(clerk), build.CSV)
    page = browser.get(url("text", other))
    assert "Begin with a saved text" in words(page)
    version = TextVersion.objects.get()

    used = browser.post(url("text_use", other), {"version": str(version.pk)}, follow=True)
    assert "is in place" in words(used)
    other.refresh_from_db()
    assert other.subject == build.SUBJECT
    for odd in ("", "x", "0", "9" * 40):
        refused = browser.post(url("text_use", other), {"version": odd}, follow=True)
        assert "Choose one of the saved texts" in words(refused)

    listed = browser.get(reverse("campaigns:saved_texts"))
    assert "Solleciti" in words(listed)
    assert "Version 1" in words(browser.get(version.saved_text.get_absolute_url()))
    shown = browser.get(reverse("campaigns:text_body", args=[version.pk]))
    assert "{{ nome }}" in shown.content.decode()
    gone = browser.post(reverse("campaigns:text_put_away", args=[version.saved_text_id]), follow=True)
    assert "No text is saved yet" in words(gone)


def test_a_saved_text_is_written_on_as_a_new_version(draft: Campaign, browser: Client) -> None:
    saved = keep(draft).saved_text
    url = reverse("campaigns:text_edit", args=[saved.pk])
    assert build.SUBJECT in browser.get(url).content.decode()

    for _time in range(2):
        browser.post(url, {"subject": "Avviso {{ importo }}", "body": "<p>Gentile {{ <b>nome</b> }}</p>"})

    version = saved.versions.first()
    assert version is not None
    assert (version.n, version.subject) == (2, "Avviso {{ importo }}")
    assert version.body == "<p>Gentile <b>{{ nome }}</b></p>"


def test_a_saved_text_that_could_not_be_sent_is_refused_on_its_field(draft: Campaign, browser: Client) -> None:
    saved = keep(draft).saved_text
    url = reverse("campaigns:text_edit", args=[saved.pk])

    answer = browser.post(url, {"subject": "Avviso", "body": "<p>{{ no</p><p>me }}</p>"})

    assert answer.status_code == 422
    assert "cut in two" in words(answer)
    assert saved.versions.count() == 1
