"""A clerk finds a receipt that no rule could match, gives it to its message, and takes it back; at both sizes."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from campaigns.models import Campaign, Message
from campaigns.states import Shown
from mailboxes import gauge
from tests.campaigns import build, doubts
from tests.journeys.conftest import Accessible, Look, SignIn

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
BODY = """-- Ricevuta di avvenuta consegna --

Il messaggio
"Avviso per Ditta 2" proveniente da "ufficio@prova.example" ed indirizzato a "ditta2@pec.example"
è stato consegnato nella casella di destinazione."""


@pytest.fixture
def campaign() -> Campaign:
    made = build.started(statuses=[Shown.UNCERTAIN, Shown.SUBMITTED, Shown.DELIVERED, Shown.QUEUED])
    Message.objects.filter(status=Shown.SUBMITTED).update(sent_at=timezone.now() - timedelta(hours=3))
    answered = made.messages.get(line=4)
    build.unmatched(made.mailbox, "CONSEGNA: Avviso per Ditta 2 Rif. 7KQ2M", body=BODY)
    build.unmatched(made.mailbox, "AVVISO DI NUOVO GENERE: protocollo 2031/0000012345678901234567890123456789")
    build.unmatched(made.mailbox, f"POSTA CERTIFICATA: Re: Avviso Rif. {answered.ref}", body="Abbiamo pagato ieri.")
    build.unmatched(made.mailbox, f"ANOMALIA MESSAGGIO: Re: Avviso Rif. {answered.ref}", body="Fuori ufficio.")
    gauge.keep(made.mailbox, used=92, limit=100)
    return made


@pytest.mark.parametrize("size", ["page", "phone"])
def test_a_receipt_is_found_given_to_its_message_and_taken_back(
    request: pytest.FixtureRequest, size: str, campaign: Campaign, sign_in: SignIn, look: Look, accessible: Accessible
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, campaign.created_by)
    page.goto("/campaigns/desk/")
    page.get_by_role("link", name="Delivery receipt").click()
    assert not page.get_by_role("button", name="It belongs to this one").count()
    look(page, "desk-item-author")
    accessible(page)
    sign_in(page, doubts.approver(campaign.organisation))
    page.goto("/campaigns/")
    look(page, "desk-campaigns")
    page.click("#desk")
    look(page, "desk-list")
    accessible(page)
    page.get_by_role("link", name="Delivery receipt").click()
    look(page, "desk-item")
    accessible(page)
    page.get_by_role("button", name="It belongs to this one").first.click()
    page.wait_for_selector("#undo")
    look(page, "desk-linked")
    assert Message.objects.get(line=2).status == Shown.DELIVERED
    page.goto(campaign.get_absolute_url())
    look(page, "desk-campaign")
    accessible(page)
    page.goto(Message.objects.get(line=4).get_absolute_url())
    look(page, "desk-replies")
    page.goto(campaign.mailbox.get_absolute_url())
    look(page, "desk-mailbox")
    page.goto("/campaigns/desk/?show=linked")
    page.get_by_role("link", name="Delivery receipt").click()
    page.click("#undo")
    page.wait_for_selector("#aside")

    assert Message.objects.get(line=2).status == Shown.UNCERTAIN
