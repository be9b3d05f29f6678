"""The clerk's pages of preparation: each bad input gets a sentence in the page, and nothing is half-stored."""

from html import unescape
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign
from campaigns.states import CampaignState
from mailboxes.states import CredentialsState
from pecportal.organisations.models import User
from tests import build as kernel
from tests.campaigns import build
from tests.campaigns.pages import Answer, as_guessed, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


def file(content: str | bytes, name: str = "elenco.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def post_list(browser: Client, campaign: Campaign, content: str | bytes, name: str = "elenco.csv") -> Answer:
    """Upload a list, and take its columns for what they are guessed to be."""
    url = reverse("campaigns:recipients", args=[campaign.pk])
    page = browser.post(url, {"file": file(content, name)}, follow=True)
    columns = reverse("campaigns:columns", args=[campaign.pk])
    if page.status_code != 200 or page.request["PATH_INFO"] != columns:
        return page
    return browser.post(columns, as_guessed(page), follow=True)


# --- the sender


def test_a_new_campaign_leads_on_to_its_recipients(browser: Client, clerk: User) -> None:
    mailbox = build.sender(build.organisation_of(clerk))

    response = browser.post(reverse("campaigns:new"), {"name": "Avvisi", "mailbox": mailbox.pk})

    campaign = Campaign.objects.get()
    assert response["Location"] == reverse("campaigns:recipients", args=[campaign.pk])
    assert (campaign.name, campaign.mailbox, campaign.created_by) == ("Avvisi", mailbox, clerk)


def test_mailboxes_that_may_not_send_are_shown_with_their_reason_and_not_offered(browser: Client, clerk: User) -> None:
    organisation = build.organisation_of(clerk)
    usable = build.sender(organisation)
    resting = kernel.mailbox(organisation)
    resting.credentials_state = CredentialsState.REFUSED
    resting.address = "riposo@pec.example"
    resting.save()

    page = browser.get(reverse("campaigns:new"))

    assert "refuses the mailbox's user name or password" in words(page)
    assert f'value="{usable.pk}"' in page.content.decode()
    assert f'value="{resting.pk}"' not in page.content.decode()


def test_a_foreign_mailbox_in_the_form_is_no_choice(browser: Client) -> None:
    foreign = kernel.mailbox(kernel.organisation())

    response = browser.post(reverse("campaigns:new"), {"name": "Avvisi", "mailbox": foreign.pk})

    assert response.status_code == 422
    assert not Campaign.objects.exists()


def test_without_a_usable_mailbox_the_page_says_where_to_get_one(browser: Client) -> None:
    page = browser.get(reverse("campaigns:new"))

    assert "No mailbox may send a campaign yet" in words(page)


def test_a_name_is_needed(browser: Client, clerk: User) -> None:
    mailbox = build.sender(build.organisation_of(clerk))

    response = browser.post(reverse("campaigns:new"), {"name": " ", "mailbox": mailbox.pk})

    assert response.status_code == 422
    assert not Campaign.objects.exists()


def test_a_draft_gets_another_name(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)

    browser.post(reverse("campaigns:edit", args=[campaign.pk]), {"name": "Nuovo", "mailbox": campaign.mailbox_id})

    campaign.refresh_from_db()
    assert campaign.name == "Nuovo"


# --- the list


def test_an_uploaded_list_is_summed_up_and_each_fault_stands_on_its_row(browser: Client, clerk: User) -> None:
    page = post_list(browser, build.draft(clerk), build.CSV + "Neri;neri\nRossi bis;rossi@pec.example\n")

    text = words(page)
    assert "3 recipients were read." in text
    assert "2 rows cannot be sent to" in text
    assert "5 Neri This is not an e-mail address: it must look like name@domain.it. neri" in text
    assert "6 Rossi bis This address is already on line 2. rossi@pec.example" in text


def bomb() -> bytes:
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_000)
    return content.getvalue()


BAD_LISTS = {
    "wrong encoding": (b"nome;pec\nRossi \x81\x8d;rossi@pec.example\n", "elenco.csv", "characters cannot be read"),
    "no column of addresses": (b"nome;via\nRossi;via Roma\n", "elenco.csv", "Say which column holds"),
    "no rows": (b"nome;pec\n", "elenco.csv", "no rows"),
    "empty": (b"", "elenco.csv", "The file is empty."),
    "a bomb": (bomb(), "elenco.xlsx", "too large when it is unpacked"),
    "not a list": (b"%PDF-1.4", "lettera.pdf", "This is not a list"),
    "50 MiB": (b"nome;pec\n" + b"x;x@pec.example\n" * 3_300_000, "elenco.csv", "at most 32 MiB"),
}


@pytest.mark.parametrize("case", BAD_LISTS)
def test_a_bad_list_gets_one_sentence_in_the_page_and_the_old_list_stays(
    browser: Client, clerk: User, case: str
) -> None:
    content, name, sentence = BAD_LISTS[case]
    campaign = build.upload(build.draft(clerk), build.CSV)

    response = post_list(browser, campaign, content, name)

    assert response.status_code == 422
    assert sentence in words(response)
    assert campaign.recipients.count() == 3
    assert "Traceback" not in words(response)


def test_no_file_at_all_is_told(browser: Client, clerk: User) -> None:
    response = browser.post(reverse("campaigns:recipients", args=[build.draft(clerk).pk]), {})

    assert response.status_code == 422


def test_where_no_addresses_are_found_the_clerk_says_which_column_has_them(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)
    page = post_list(
        browser, campaign, "nome;via\nRossi;via Roma\nBianchi;bianchi chiocciola pec\nVerdi;v@pec.example\n"
    )
    assert "Say which column holds the certified addresses" in words(page)

    browser.post(reverse("campaigns:columns", args=[campaign.pk]), {"column_1": "address"})

    assert campaign.recipients.get().address == "v@pec.example"


def test_an_address_with_a_line_break_is_a_fault_with_the_break_made_visible(browser: Client, clerk: User) -> None:
    page = post_list(browser, build.draft(clerk), build.CSV + 'Neri;"neri@pec\n.example"\n')

    assert "The address has a line break in it" in words(page)
    assert "neri@pec⏎.example" in words(page)


def test_cells_with_html_are_shown_as_text(browser: Client, clerk: User) -> None:
    page = post_list(browser, build.draft(clerk), "nome;pec\n<script>x</script>;<b>rossi</b>\n")

    assert b"<b>rossi</b>" not in page.content
    assert b"<script>x</script>" not in page.content


def test_faulty_rows_are_left_out_by_choice_and_a_second_click_does_no_harm(browser: Client, clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV + "Neri;neri\n")

    for _time in range(2):
        response = browser.post(reverse("campaigns:skip", args=[campaign.pk]))
        assert response["Location"] == reverse("campaigns:text", args=[campaign.pk])

    campaign.refresh_from_db()
    assert (campaign.skip_problems, campaign.recipients_total) == (True, 3)


def test_many_faults_are_paged(browser: Client, clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV + "".join(f"N;neri{n}\n" for n in range(120)))
    url = reverse("campaigns:recipients", args=[campaign.pk])

    first, last = browser.get(url), browser.get(url, {"after": "104"})

    assert (first.content.count(b"campaign-message"), last.content.count(b"campaign-message")) == (25, 20)


# --- the text


def save_text(browser: Client, campaign: Campaign, subject: str, body: str) -> Answer:
    return browser.post(reverse("campaigns:text", args=[campaign.pk]), {"subject": subject, "body": body})


def test_a_saved_text_comes_back_as_it_was_typed(browser: Client, clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV)

    response = save_text(browser, campaign, "Avviso {{ nome }}", "Gentile {{ nome }},\r\n\r\nsaluti")

    assert response["Location"] == reverse("campaigns:attachments", args=[campaign.pk])
    page = browser.get(reverse("campaigns:text", args=[campaign.pk])).content.decode()
    assert "Gentile {{ nome }},\n\nsaluti</textarea>" in page


@pytest.mark.parametrize(
    ("subject", "body", "sentence"),
    [
        ("Avviso\r\nBcc: tutti@pec.example", "testo", "The subject must be one line"),
        ("Avviso\n", "testo {{ cognome }}", "The list has no column for: {{ cognome }}"),
        ("Avviso", "{{ nome", "two braces on each side"),
        ("", "", "nothing written here"),
    ],
)
def test_a_bad_text_gets_a_sentence_and_stays_in_the_form(
    browser: Client, clerk: User, subject: str, body: str, sentence: str
) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV)

    response = save_text(browser, campaign, subject, body)

    assert response.status_code == 422
    assert sentence in words(response)
    assert body in unescape(response.content.decode())
    campaign.refresh_from_db()
    assert (campaign.subject, campaign.body) == ("", "")


def test_while_it_is_typed_unknown_fields_are_told_and_nothing_is_stored(browser: Client, clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV)
    url = reverse("campaigns:check_text", args=[campaign.pk])

    wrong = browser.post(url, {"subject": "Avviso", "body": "{{ cognome }}"}, headers={"HX-Request": "true"})
    right = browser.post(url, {"subject": "Avviso", "body": "{{ nome }}"}, headers={"HX-Request": "true"})

    assert "{{ cognome }}" in unescape(wrong.content.decode())
    assert not words(right)
    campaign.refresh_from_db()
    assert campaign.subject == ""


# --- attachments


def attach(browser: Client, campaign: Campaign, *given: SimpleUploadedFile) -> Answer:
    return browser.post(reverse("campaigns:attachments", args=[campaign.pk]), {"upload": list(given)}, follow=True)


def test_several_files_are_attached_at_once_with_their_hash(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)

    page = attach(browser, campaign, file("uno", "uno.txt"), file("due", "due.txt"))

    assert sorted(campaign.attachments.values_list("name", flat=True)) == ["due.txt", "uno.txt"]
    assert all(digest in words(page) for digest in campaign.attachments.values_list("sha256", flat=True))


def test_a_pdf_that_is_not_one_is_refused_by_name_and_the_others_are_taken(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)

    page = attach(browser, campaign, file(b"%PDF-1.7 rubbish", "avviso.pdf"), file("due", "due.txt"))

    assert page.status_code == 422
    assert "avviso.pdf: The file is damaged, or it is not a real PDF" in words(page)
    assert campaign.attachments.get().name == "due.txt"


def test_a_file_is_removed_and_a_second_click_does_no_harm(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)
    attachment = build.attach(campaign)

    for _time in range(2):
        response = browser.post(reverse("campaigns:detach", args=[campaign.pk, attachment.pk]))
        assert response.status_code == 302

    assert not campaign.attachments.exists()


def test_a_file_is_handed_out_as_a_download_that_cannot_run(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)
    attachment = build.attach(campaign, b"Ciao", name="nota è.txt")

    response = browser.get(reverse("campaigns:attachment", args=[campaign.pk, attachment.pk]))

    assert b"".join(response) == b"Ciao"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["X-Content-Type-Options"] == "nosniff"


# --- the preview


def test_the_preview_turns_from_row_to_row(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)

    page = browser.get(reverse("campaigns:preview", args=[campaign.pk]), {"line": "3"})

    assert "Avviso per Ditta Bianchi" in words(page)
    assert 'href="?line=2"' in page.content.decode()
    assert 'href="?line=4"' in page.content.decode()
    assert "sandbox" in page.content.decode()
    assert "frame-src 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("line", ["-1", "x", "²", "9" * 40, ""])
def test_a_line_that_is_none_shows_a_row_nevertheless(browser: Client, clerk: User, line: str) -> None:
    response = browser.get(reverse("campaigns:preview", args=[build.ready(clerk).pk]), {"line": line})

    assert response.status_code == 200


def test_the_framed_text_can_neither_run_nor_load_anything(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk, body="<p>{{ nome }}</p><script>alert(1)</script><img src='https://x.example/a.png'>")

    response = browser.get(reverse("campaigns:preview_body", args=[campaign.pk]), {"line": "2"})

    assert "<p>Ditta Rossi</p>" in response.content.decode()
    assert "<script" not in response.content.decode()
    assert "<img" not in response.content.decode()
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response["X-Frame-Options"] == "SAMEORIGIN"


# --- what is not a draft any more


@pytest.mark.parametrize("name", ["edit", "recipients", "text", "attachments", "preview"])
def test_pages_of_preparation_lead_to_the_campaign_once_it_is_no_draft(browser: Client, clerk: User, name: str) -> None:
    campaign = build.ready(clerk)
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING)

    response = browser.get(reverse(f"campaigns:{name}", args=[campaign.pk]))

    assert response["Location"] == campaign.get_absolute_url()


def test_every_page_of_a_draft_opens_before_anything_is_prepared(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)

    names = ["detail", "edit", "recipients", "text", "attachments", "preview", "start", "stop"]
    statuses = [browser.get(reverse(f"campaigns:{name}", args=[campaign.pk])).status_code for name in names]

    assert statuses == [200] * len(names)


def test_a_drafts_page_leads_on_to_what_is_missing_first(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)

    page = browser.get(campaign.get_absolute_url())

    assert page.context["go_on"] == reverse("campaigns:recipients", args=[campaign.pk])
    assert "There is no list of recipients yet" in words(page)


def test_uploads_are_protected_against_forged_forms(clerk: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clerk)
    campaign = build.draft(clerk)

    response = post_list(strict, campaign, build.CSV)

    assert response.status_code == 403
    assert not campaign.recipients.exists()


def test_saving_leads_to_the_preview_of_the_row_that_one_came_from(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)
    url = reverse("campaigns:text", args=[campaign.pk])

    answer = browser.post(f"{url}?line=3", {"subject": "Avviso", "body": "Testo", "next": "preview"})

    assert answer.headers["Location"] == reverse("campaigns:preview", args=[campaign.pk]) + "?line=3"
    assert "Change the text" in browser.get(answer.headers["Location"]).content.decode()
