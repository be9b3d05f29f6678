"""The page of recipients' own files, as a clerk uses it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, OwnFile
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.pages import Answer, words
from tests.campaigns.preparing.test_own import CSV, packed
from tests.jobs import Jobs

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
    return build.ready(clerk, csv=CSV)


def url(draft: Campaign, name: str = "own", *more: int) -> str:
    return reverse(f"campaigns:{name}", args=[draft.pk, *more])


def upload(browser: Client, draft: Campaign, *files: tuple[str, bytes]) -> Answer:
    given = [SimpleUploadedFile(name, content) for name, content in files]
    return browser.post(url(draft), {"upload": given}, follow=True)


def test_files_are_matched_as_they_come_and_the_others_are_told(browser: Client, draft: Campaign) -> None:
    page = upload(browser, draft, ("001.txt", b"1"), ("009.txt", b"9"))

    text = words(page)
    assert "2 files came in" in text
    assert "Rows with a file 1 Rows without one 2 Files without a row 1" in text
    assert "bianchi@pec.example" in text


def test_a_file_that_may_not_be_sent_is_told_beside_the_field_and_the_others_come(
    browser: Client, draft: Campaign
) -> None:
    page = upload(browser, draft, ("001.txt", b"1"), ("002.exe", b"MZ"))

    assert page.status_code == 422
    assert "002.exe: The file holds a program" in words(page)
    assert [file.name for file in OwnFile.objects.all()] == ["001.txt"]


def test_the_rest_is_placed_left_out_or_waived(browser: Client, draft: Campaign) -> None:
    upload(browser, draft, ("001.txt", b"1"), ("x.txt", b"x"), ("y.txt", b"y"), ("z.txt", b"z"))
    browser.post(url(draft, "own_column"), {"column": "codice"})
    ids = {file.name: file.pk for file in OwnFile.objects.all()}

    browser.post(url(draft, "own_place", ids["x.txt"]), {"line": "3"})
    browser.post(url(draft, "own_remove"), {"file": [ids["y.txt"]]})
    browser.post(url(draft, "own_leave_out"), {"file": [ids["z.txt"]]})
    page = browser.post(url(draft, "own_go_without"), {"line": ["4"]}, follow=True)

    assert "Every row is looked after" in words(page)
    assert "one goes without" in words(page) or "1 goes without" in words(page)
    shown = browser.get(reverse("campaigns:preview", args=[draft.pk]), {"line": "3"})
    assert "x.txt" in words(shown)
    assert "001.txt" not in words(shown)


def test_all_rows_go_without_only_if_their_number_is_the_one_that_was_seen(browser: Client, draft: Campaign) -> None:
    upload(browser, draft, ("001.txt", b"1"))

    assert "has changed meanwhile" in words(browser.post(url(draft, "own_go_without"), {"all": "7"}, follow=True))
    browser.post(url(draft, "own_go_without"), {"all": "2"})

    assert draft.own_waivers.count() == 2


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("own_column", {"column": "no such"}, "Choose one of the list's columns"),
        ("own_remove", {"file": ["x", "-1", "9" * 30]}, "A file of their own for each recipient"),
        ("own_go_without", {"line": ["２", "a"]}, "A file of their own for each recipient"),
    ],
)
def test_odd_posts_change_nothing(
    browser: Client, draft: Campaign, name: str, data: dict[str, object], sentence: str
) -> None:
    upload(browser, draft, ("001.txt", b"1"))

    page = browser.post(url(draft, name), data, follow=True)

    assert sentence in words(page)
    assert (OwnFile.objects.count(), draft.own_waivers.count()) == (1, 0)


def test_an_archive_shows_how_far_it_is_and_can_be_stopped(browser: Client, draft: Campaign, jobs: Jobs) -> None:
    page = upload(browser, draft, ("fatture.zip", packed({"001.txt": b"1", "002.xyz": b"?"})))
    assert "is being unpacked" in words(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    intake = draft.intakes.get()

    jobs.run()
    done = browser.get(url(draft), headers={"HX-Request": "true"})

    assert "One file of “fatture.zip” was not taken" in words(done)
    assert 'hx-trigger="every 2s"' not in done.content.decode()
    browser.post(url(draft, "own_cancel", intake.pk))
    intake.refresh_from_db()
    assert intake.state == "done"


def test_an_own_file_is_handed_out_as_a_download(browser: Client, draft: Campaign) -> None:
    file = build.own_file(draft, b"per Rossi", name="001.txt")

    answer = browser.get(url(draft, "own_file", file.pk))

    assert answer["Content-Disposition"] == 'attachment; filename="001.txt"'
    assert answer.getvalue() == b"per Rossi"
