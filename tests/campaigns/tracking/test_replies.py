"""What others write to us is shown with the message that it quotes, and never counts as proof."""

import pytest

from campaigns.models import Campaign, Message, Receipt
from campaigns.states import Shown
from campaigns.tracking import desk, intake, matching, progress, replies
from tests import build as kernel
from tests.campaigns import build

pytestmark = pytest.mark.django_db
FORGED = "Il giorno 26/08/2026 alle ore 10:00:34 (+0200) il messaggio è stato consegnato nella casella di destinazione."


def message(status: Shown = Shown.UNCERTAIN) -> Message:
    return build.started(statuses=[status]).messages.get()


def take(row: Message, subject: str, body: str = "") -> Receipt:
    return build.unmatched(row.mailbox, subject, body=body)


@pytest.mark.parametrize(
    "subject",
    [
        "POSTA CERTIFICATA: Re: Avviso Rif. {}",
        "POSTA CERTIFICATA: R: Avviso Rif. {} 2026030109000011",
        "POSTA CERTIFICATA: vostra comunicazione ({}), protocollo 12",
        "POSTA CERTIFICATA: CONSEGNA: Avviso Rif. {} 2026030109000011",
        "POSTA CERTIFICATA: {}-2: risposta",
        "posta certificata: riferimento {}.",
    ],
)
def test_a_certified_mail_that_quotes_a_reference_is_a_reply_and_proves_nothing(subject: str) -> None:
    row = message()

    receipt = take(row, subject.format(row.ref), FORGED)

    assert (receipt.message, receipt.attempt, receipt.problem) == (row, None, "")
    row.refresh_from_db()
    assert (row.status, row.verdict, row.attempts.get().outcome) == (Shown.UNCERTAIN, "none", "uncertain")
    assert intake.settle_proven() == 0


@pytest.mark.parametrize("subject", ["POSTA CERTIFICATA: Re {}A", "POSTA CERTIFICATA: 1{}", "POSTA CERTIFICATA: x_y"])
def test_a_reference_inside_a_longer_word_is_none(subject: str) -> None:
    row = message()

    assert take(row, subject.format(row.ref)).message is None


def test_an_anomaly_that_quotes_a_reference_is_a_possible_bounce_and_proves_nothing() -> None:
    row = message(Shown.ACCEPTED)

    receipt = take(row, f"ANOMALIA MESSAGGIO: Undelivered: Avviso Rif. {row.ref}")

    assert receipt.message == row
    assert replies.count(row.campaign) == replies.Answers(replies=0, bounces=1)
    assert any("Possible bounce" in happening.title for happening in progress.story(row))


def test_another_tenants_reference_links_nothing() -> None:
    row = message()
    foreign = kernel.mailbox(address="altra@prova.example")

    subjects = (f"POSTA CERTIFICATA: Re: Rif. {row.ref}", f"CONSEGNA: Avviso Rif. {row.ref}")
    assert [build.unmatched(foreign, subject).message for subject in subjects] == [None, None]


def test_our_own_message_in_its_envelope_is_no_reply() -> None:
    row = message(Shown.SUBMITTED)
    Message.objects.filter(pk=row.pk).update(recipient=row.mailbox.address)
    own = f"POSTA CERTIFICATA: {row.content.subject} Rif. {row.ref} 2026030109000011"

    assert take(row, own).message is None
    assert take(row, own.replace(": ", ": Re: ", 1)).message == row


def test_a_mail_that_quotes_nothing_is_nobodys_and_not_on_the_desk() -> None:
    row = message()
    take(row, "POSTA CERTIFICATA: Richiesta di informazioni")

    assert not desk.items([row.mailbox], "all").exists()


def test_replies_are_counted_by_message_and_found_by_the_filter() -> None:
    campaign: Campaign = build.started(statuses=[Shown.DELIVERED] * 3)
    first, second, _third = campaign.messages.order_by("pk")
    for row, text in ((first, "a"), (first, "b"), (second, "c")):
        take(row, f"POSTA CERTIFICATA: Re: {text} Rif. {row.ref}")

    assert replies.count(campaign) == replies.Answers(replies=2, bounces=0)
    found = campaign.messages.filter(replies.with_any("incoming")).order_by("pk")
    assert list(found) == [first, second]
    assert "Reply received" in " ".join(happening.title for happening in progress.story(first))


def test_only_mails_of_others_quote() -> None:
    assert matching.references_quoted("CONSEGNA: Rif. 7KQ2M9ABCD") == ()
    assert matching.references_quoted("POSTA CERTIFICATA: 7KQ2M9ABCD e 7kq2m9abcd") == ("7KQ2M9ABCD",)
    assert (
        len(matching.references_quoted("POSTA CERTIFICATA: " + " ".join(f"AAAAAAAA{n}" for n in range(10, 99)))) == 10
    )
