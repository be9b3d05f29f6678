"""A clerk writes the text in the editor: by mouse, by keyboard alone, on a telephone, and pasted from elsewhere."""

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from campaigns.models import Campaign
from campaigns.preparing import letters
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LIST = "nome;nota;pec\nDitta Rossi;urgente;rossi@pec.example\nDitta Bianchi;;bianchi@pec.example\n"
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin:0cm}</style></head>
<body><!--StartFragment--><p class=MsoNormal style='margin:0cm'><b style='mso-bidi-font-weight:normal'><span
style='font-size:14.0pt;font-family:"Calibri"'>Gentile {{ nome }}<o:p></o:p></span></b></p>
<p class=MsoListParagraphCxSpFirst style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·
&nbsp;</span><![endif]>primo<o:p></o:p></p><p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><span
style='mso-list:Ignore'>·</span>secondo</p><p class=MsoNormal><a href="javascript:alert(1)">male</a>
<a href="https://comune.example/">bene</a><img src="file:///c:/x.png"><o:p>&nbsp;</o:p></p><!--EndFragment--></body>"""
PASTE = """(node, html) => {
    const data = new DataTransfer();
    data.setData("text/html", html);
    data.setData("text/plain", "x");
    node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def clerk() -> User:
    return build.clerk()


def opened(page: Page, clerk: User, sign_in: SignIn, body: str = "") -> tuple[Campaign, Locator]:
    """The page of the text of a campaign with a list, and its editor."""
    campaign = build.upload(build.draft(clerk), LIST)
    Campaign.objects.filter(pk=campaign.pk).update(body=body)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])
    page.goto(f"/campaigns/{campaign.pk}/text/")
    return campaign, page.get_by_role("textbox", name="Text", exact=True)


def body_of(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.body


def saved(page: Page, campaign: Campaign) -> str:
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("The text is saved.")).to_be_visible()
    return body_of(campaign)


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_a_text_is_written_formatted_and_seen_as_its_reader_will(
    request: pytest.FixtureRequest, screen: str, clerk: User, sign_in: SignIn, look: Look, accessible: Accessible
) -> None:
    page: Page = request.getfixturevalue(screen)
    campaign, editor = opened(page, clerk, sign_in)
    page.get_by_label("Subject").fill("Avviso per ")
    page.get_by_role("button", name="{{ nome }}").click()
    expect(page.get_by_label("Subject")).to_have_value("Avviso per {{ nome }}")

    editor.click()
    page.keyboard.type("Gentile ")
    page.get_by_role("button", name="{{ nome }}").click()
    page.keyboard.type(",")
    page.keyboard.press("Enter")
    page.keyboard.type("la pratica è ")
    page.get_by_role("button", name="Bold").click()
    expect(page.get_by_role("button", name="Bold")).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("pronta")
    page.get_by_role("button", name="Bold").click()
    page.keyboard.type(".")
    page.get_by_role("button", name="Only if present…").click()
    look(page, "editor-condition")
    accessible(page)
    page.get_by_label("Field of the list").select_option("nota")
    page.get_by_role("button", name="Insert").click()
    look(page, "editor")
    accessible(page)

    page.get_by_role("button", name="Plain view").click()
    source = page.locator("textarea#id_body")
    expect(source).to_have_value(
        "<p>Gentile {{ nome }},</p>\n<p>la pratica è <b>pronta</b>.{% if nota %} … {% endif %}</p>"
    )
    look(page, "editor-plain")
    accessible(page)
    page.get_by_role("button", name="Plain view").click()
    expect(editor.locator("b")).to_have_text("pronta")

    page.get_by_role("button", name="Save and look at the preview").click()
    page.get_by_text("Next message").click()
    expect(page.get_by_text("row 3 of the file")).to_be_visible()
    look(page, "editor-preview")
    page.get_by_role("link", name="Change the text").click()
    page.get_by_role("button", name="Save and look at the preview").click()
    expect(page.get_by_text("row 3 of the file")).to_be_visible()
    assert (
        body_of(campaign) == "<p>Gentile {{ nome }},</p>\n<p>la pratica è <b>pronta</b>.{% if nota %} … {% endif %}</p>"
    )


def test_plain_paragraphs_stay_plain_and_what_is_not_touched_stays_as_it_is(
    page: Page, clerk: User, sign_in: SignIn
) -> None:
    campaign, editor = opened(page, clerk, sign_in, '<p align="center">Gentile <em>utente</em></p>\n<p>ciao</p>')

    expect(editor).to_contain_text("utente")
    page.get_by_label("Subject").fill("Avviso")
    assert saved(page, campaign) == '<p align="center">Gentile <em>utente</em></p>\n<p>ciao</p>'

    Campaign.objects.filter(pk=campaign.pk).update(body="<p>Gentile utente</p>")
    page.goto(f"/campaigns/{campaign.pk}/text/")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("Uno & due")
    page.keyboard.press("Enter")
    page.keyboard.type("tre < {{ nome }}")
    page.get_by_role("button", name="Plain view").click()
    expect(page.locator("textarea#id_body")).to_have_value("Uno & due\n\ntre < {{ nome }}")
    assert saved(page, campaign) == "<p>Uno &amp; due</p>\n<p>tre &lt; {{ nome }}</p>"


def test_everything_is_done_by_keyboard_alone(page: Page, clerk: User, sign_in: SignIn) -> None:
    campaign, editor = opened(page, clerk, sign_in)
    page.get_by_label("Subject").focus()
    page.keyboard.type("Avviso")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Plain view")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("Tab")
    expect(editor).to_be_focused()

    page.keyboard.type("Titolo")
    page.keyboard.press("Alt+F10")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Section heading")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(editor).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("uno")
    page.keyboard.press("Alt+F10")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.keyboard.type("due")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Control+b")
    page.keyboard.press("Tab")
    expect(editor).not_to_be_focused()

    assert saved(page, campaign) == "<h2>Titolo</h2>\n<ul><li>uno</li>\n<li>du<b>e</b></li></ul>"


def test_links_are_made_and_wrong_ones_are_not(
    page: Page, clerk: User, sign_in: SignIn, accessible: Accessible
) -> None:
    campaign, editor = opened(page, clerk, sign_in)
    page.get_by_label("Subject").fill("Avviso")
    editor.click()
    page.keyboard.type("qui")
    page.keyboard.press("Control+A")

    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_label("Address").fill("javascript:alert(1)")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is no address of a page")).to_be_visible()
    accessible(page)
    page.get_by_label("Address").fill("www.comune.example/pagare")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Link", exact=True)).to_have_attribute("aria-pressed", "true")

    assert saved(page, campaign) == '<p><a href="https://www.comune.example/pagare">qui</a></p>'


def test_a_mistake_is_undone(page: Page, clerk: User, sign_in: SignIn) -> None:
    _campaign, editor = opened(page, clerk, sign_in, "<p>Gentile utente</p>")
    editor.click()
    page.keyboard.press("Control+A")
    page.get_by_role("button", name="Bold").click()
    expect(editor.locator("b")).to_have_count(1)

    page.get_by_role("button", name="Undo").click()

    expect(editor.locator("b")).to_have_count(0)
    page.get_by_role("button", name="Redo").click()
    expect(editor.locator("b")).to_have_count(1)


def test_what_word_pastes_becomes_simple_html(page: Page, clerk: User, sign_in: SignIn) -> None:
    campaign, editor = opened(page, clerk, sign_in)
    page.get_by_label("Subject").fill("Avviso")
    editor.click()
    editor.evaluate(PASTE, WORD)
    expect(editor.locator("li")).to_have_count(2)

    assert saved(page, campaign) == (
        "<p><b>Gentile {{ nome }}</b></p>\n<ul><li>primo</li>\n<li>secondo</li></ul>\n"
        '<p><a>male</a> <a href="https://comune.example/">bene</a></p>'
    )


@pytest.mark.parametrize(
    "body",
    [
        "<table><tbody>{% if nota %}<tr><td>{{ nota }}</td></tr>{% endif %}</tbody></table>",
        "<p>uno</p><!-- due -->",
        '<p><img src="https://x.example/"></p>',
        "<p {% if nota %}align='center'{% endif %}>uno</p>",
    ],
)
def test_html_that_the_editor_would_not_give_back_is_shown_as_it_is_written(
    page: Page, clerk: User, sign_in: SignIn, body: str
) -> None:
    opened(page, clerk, sign_in, body)

    expect(page.locator("textarea#id_body")).to_have_value(body)
    expect(page.get_by_text("the formatted view would not give back")).to_be_visible()
    page.get_by_role("button", name="Plain view").click()
    expect(page.locator("textarea#id_body")).to_be_visible()


def test_leaving_with_an_unsaved_change_asks_first(page: Page, clerk: User, sign_in: SignIn) -> None:
    campaign, editor = opened(page, clerk, sign_in, "<p>Gentile utente</p>")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Back without saving").click()
    page.wait_for_url(f"**/campaigns/{campaign.pk}/")
    assert asked == []

    page.goto(f"/campaigns/{campaign.pk}/text/")
    editor.click()
    page.keyboard.type("x")
    page.get_by_role("link", name="Back without saving").click(no_wait_after=True)
    page.wait_for_timeout(500)

    assert asked == ["beforeunload"]
    expect(editor).to_contain_text("x")
    page.remove_listener("dialog", stay)
    page.on("dialog", lambda dialog: dialog.accept())


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_the_letter_as_pdf_is_written_in_the_same_editor_in_italian_too(
    request: pytest.FixtureRequest, screen: str, clerk: User, sign_in: SignIn, look: Look, accessible: Accessible
) -> None:
    page: Page = request.getfixturevalue(screen)
    campaign, _editor = opened(page, clerk, sign_in, "<p>Gentile {{ nome }}</p>")
    written = letters.Written(file_name="lettera", subject="Avviso", body="<h2>Titolo</h2><p>Testo <b>lungo</b></p>")
    letters.save(campaign, written, actor=clerk)
    domain = page.context.cookies()[0]["domain"]
    page.context.add_cookies([{"name": "django_language", "value": "it", "domain": domain, "path": "/"}])
    page.goto(f"/campaigns/{campaign.pk}/text/")
    look(page, "editor-it")
    accessible(page)
    page.goto(f"/campaigns/{campaign.pk}/letter/")

    expect(page.locator("#rich-text h2")).to_have_text("Titolo")
    look(page, "editor-letter-it")
    accessible(page)
