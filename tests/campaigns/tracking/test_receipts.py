"""Mails of the inbox told apart by their subjects and words, in the spellings of several providers."""

import email
import email.policy
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.tracking import receipts
from campaigns.tracking.receipts import Kind, Receipt

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "receipts"
DATE = "Wed, 26 Aug 2020 10:00:35 +0200"
SENDER = "posta-certificata@gestore.example"
TIMEOUT = "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO"
SUBJECT = "Avviso Rif. 7KQ2M9ABCD 2020082610003492"
OPENING = f'Il giorno 26/08/2020 alle ore 10:00:34 (+0200) il messaggio\n"{SUBJECT}" proveniente da "a@pec.example"\n'


def read(subject: str, body: str = "", *, date: str = DATE) -> Receipt:
    return receipts.read(subject, sender=SENDER, date=date, body=body)


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [
        ("ACCETTAZIONE", Kind.ACCEPTANCE),
        ("AVVISO DI NON ACCETTAZIONE", Kind.NON_ACCEPTANCE),
        ("AVVISO DI NON ACCETTAZIONE PER VIRUS", Kind.NON_ACCEPTANCE_VIRUS),
        ("CONSEGNA", Kind.DELIVERY),
        ("AVVISO DI MANCATA CONSEGNA", Kind.NON_DELIVERY),
        ("AVVISO DI MANCATA CONSEGNA PER VIRUS", Kind.NON_DELIVERY_VIRUS),
        ("AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO", Kind.TIMEOUT_NOTICE),
        ("AVVISO DI MANCATA CONSEGNA PER SUP.TEMPO MASSIMO", Kind.TIMEOUT_NOTICE),
        ("PRESA IN CARICO", Kind.TAKING_CHARGE),
        ("PROBLEMA DI SICUREZZA", Kind.VIRUS_NOTICE),
        ("POSTA CERTIFICATA", Kind.INCOMING),
        ("ANOMALIA MESSAGGIO", Kind.ANOMALY),
        ("Accettazione", Kind.ACCEPTANCE),
        (" avviso  di\r\n mancata\tconsegna ", Kind.NON_DELIVERY),
        ("CONSEGNE", Kind.UNKNOWN),
        ("Re: CONSEGNA", Kind.UNKNOWN),
        ("AVVISO DI MANCATA CONSEGNA PER GATTI", Kind.UNKNOWN),
    ],
)
def test_the_prefix_names_the_kind(prefix: str, kind: Kind) -> None:
    found = read(f"{prefix}: {SUBJECT}")

    assert found.kind is kind
    assert kind is Kind.UNKNOWN or found.original_subject == SUBJECT


def test_the_first_prefix_decides_whatever_follows() -> None:
    assert read("POSTA CERTIFICATA: CONSEGNA: Avviso").kind is Kind.INCOMING
    assert read("POSTA CERTIFICATA: Notifica di mancata consegna 123").kind is Kind.INCOMING
    assert read("CONSEGNA: POSTA CERTIFICATA: Avviso").original_subject == "POSTA CERTIFICATA: Avviso"


@pytest.mark.parametrize(
    "subject",
    [
        "=?iso-8859-1?Q?CONSEGNA=3A_Citt=E0_Rif=2E_7KQ2M9ABCD?= 2020082610003492",
        "=?utf-8?B?Q09OU0VHTkE6IENpdHTDoCBSaWYuIDdLUTJNOUFCQ0QgMjAyMDA4MjYxMDAwMzQ5Mg==?=",
        "=?UTF-8?Q?CONSEGNA:_Citt?=\r\n =?UTF-8?Q?=C3=A0_Rif._7KQ2M9ABCD_2020082610003492?=",
        "CONSEGNA:\r\n\tCittà  Rif. 7KQ2M9ABCD\r\n 2020082610003492",
    ],
)
def test_encoded_and_folded_subjects_are_read(subject: str) -> None:
    assert receipts.split(subject) == (Kind.DELIVERY, "Città Rif. 7KQ2M9ABCD 2020082610003492")


@pytest.mark.parametrize("subject", ["=?utf-8?B?!!!?=", "=?nonsense?Q?CONSEGNA:?= x", "=?utf-8?Q?=?=", "=?" * 500])
def test_broken_encoded_words_are_kept_as_something_readable(subject: str) -> None:
    assert isinstance(receipts.readable(subject), str)


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        (DATE, datetime(2020, 8, 26, 8, 0, 35, tzinfo=UTC)),
        ("Wed, 26 Aug 2020 10:00:35 +0200 (CEST)", datetime(2020, 8, 26, 8, 0, 35, tzinfo=UTC)),
        ("2020-08-26 10:00:35", datetime(2020, 8, 26, 8, 0, 35, tzinfo=UTC)),
        ("2020-01-26T10:00:35", datetime(2020, 1, 26, 9, 0, 35, tzinfo=UTC)),
        ("2020-08-26T10:00:35Z", datetime(2020, 8, 26, 10, 0, 35, tzinfo=UTC)),
        ("26/08/2020", None),
        ("", None),
        ("0001-01-01 00:00:00", None),
        ("Wed, 99 Aug 2020 10:00:35 +9999", None),
    ],
)
def test_dates_are_read_in_every_spelling_and_rome_is_where_no_zone_is(date: str, moment: datetime | None) -> None:
    assert read("CONSEGNA: x", date=date).when == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Il giorno 26/08/2020 alle ore 10:00:34 (+0200) il", datetime(2020, 8, 26, 8, 0, 34, tzinfo=UTC)),
        ("Il giorno 26/08/2020 alle ore 10:00:34 (-0130) il", datetime(2020, 8, 26, 11, 30, 34, tzinfo=UTC)),
        ("Il giorno 26/01/2020 alle ore 10:00:34 il messaggio", datetime(2020, 1, 26, 9, 0, 34, tzinfo=UTC)),
        ("Il&nbsp;giorno 26/08/2020<br>alle ore 10:00:34 (+02:00)", datetime(2020, 8, 26, 8, 0, 34, tzinfo=UTC)),
        ("Il+giorno+26%2F08%2F2020+alle+ore+10%3A00%3A34+%28%2B0200%29", datetime(2020, 8, 26, 8, 0, 34, tzinfo=UTC)),
        ("Il giorno 31/02/2020 alle ore 10:00:34 (+0200)", None),
        ("Il giorno 26/08/2020 alle ore 25:00:34 (+0200)", None),
        ("Il giorno 26/08/2020 alle ore 10:00:34 (+9999)", None),
        ("ieri", None),
    ],
)
def test_the_certified_time_is_the_text_s_own(text: str, moment: datetime | None) -> None:
    assert read("CONSEGNA: x", text).certified_at == moment


@pytest.mark.parametrize(
    ("words", "final"),
    [
        ("non è stato consegnato nelle prime dodici ore dal suo invio.", False),
        ("non � stato consegnato nelle prime 12 ore dal suo invio.", False),
        ("non è stato consegnato nelle ventiquattro ore successive al suo invio.", True),
        ("non è stato consegnato nelle 24 ore successive al suo invio.", True),
        ("errore 5.4.1 - tempo massimo superato", True),
        ("<p>errore&nbsp;5.4.1</p>", True),
        ("nelle prime dodici ore; sarà tentata fino a ventiquattro ore", None),
        ("errore 15.4.1 e 5.4.11 e 5.4.1.2", None),
        ("non è stato consegnato.", None),
        ("", None),
    ],
)
def test_a_time_out_notice_says_whether_it_is_the_last(words: str, final: bool | None) -> None:
    found = read(f"{TIMEOUT}: {SUBJECT}", OPENING + words)

    assert found.final is final
    assert found.cause == ""


def test_the_original_subject_never_makes_a_notice_final() -> None:
    subject = 'Pagare "entro ventiquattro ore" 5.4.1'
    body = f'il messaggio "{subject}" proveniente da "24 ore@pec.example" non è stato consegnato nelle prime dodici ore'

    assert read(f"{TIMEOUT}: {subject}", body).final is False


def test_only_time_out_notices_are_final_or_not() -> None:
    assert read("CONSEGNA: x", "nelle ventiquattro ore").final is None


@pytest.mark.parametrize(
    ("words", "certified"),
    [
        ('ed indirizzato a:\nditta@pec.example ("posta certificata")\nè stato accettato', True),
        ("ed indirizzato a:<br>ditta@pec.example (&quot;posta certificata&quot;)<br>Il messaggio", True),
        ('ed indirizzato a:\nditta@mail.example ("posta ordinaria")\nè stato accettato', False),
        ("indirizzato a ditta@mail.example (esterno) è stato accettato", False),
        ('indirizzato a esterno@pec.example ("posta certificata")', True),
        ("indirizzato a ditta@pec.example è stato accettato dal sistema di posta certificata", None),
        ("è stato accettato", None),
    ],
)
def test_an_acceptance_says_whether_the_recipient_is_certified(words: str, certified: bool | None) -> None:
    assert read(f"ACCETTAZIONE: {SUBJECT}", OPENING + words).certified is certified


def test_a_subject_that_speaks_of_ordinary_mail_changes_nothing() -> None:
    subject = 'Lettera indirizzato a x ("posta ordinaria")'
    body = f'il messaggio "{subject}" ed indirizzato a: a@pec.example ("posta certificata") è stato accettato'

    assert read(f"ACCETTAZIONE: {subject}", body).certified is True


@pytest.mark.parametrize(
    ("words", "cause", "reason"),
    [
        (
            "è stato rilevato un errore 5.1.1 - Gestore - indirizzo non valido.\nIl messaggio è stato rifiutato dal",
            "unknown_address",
            "5.1.1 - Gestore - indirizzo non valido",
        ),
        ("è stato rilevato un errore: <b>5.2.2 - casella di destinazione piena</b>", "mailbox_full", None),
        (
            "è stato rilevato il seguente errore: spazio disco esaurito. Il messaggio � stato rifiutato",
            "mailbox_full",
            None,
        ),
        ("è stato rilevato un errore casella inesistente.", "unknown_address", None),
        ("è stato rilevato un errore: il destinatario non è una casella di posta certificata", "not_certified", None),
        ("è stato rilevato un errore temporaneo sconosciuto", "other", "temporaneo sconosciuto"),
        ("<errore-esteso>5.2.2 - Gestore - casella piena</errore-esteso>", "mailbox_full", None),
        ("", "other", ""),
    ],
)
def test_a_failure_has_a_cause_and_the_provider_s_words(words: str, cause: str, reason: str | None) -> None:
    found = read(f"AVVISO DI MANCATA CONSEGNA: {SUBJECT}", words)

    assert found.cause == cause
    assert reason is None or found.reason == reason


def test_the_addressee_s_name_is_no_cause() -> None:
    body = 'all\'utente "casella-piena@pec.example" è stato rilevato un errore da virus@pec.example: guasto'

    assert read("AVVISO DI MANCATA CONSEGNA: x", body).cause == "other"


def test_a_non_acceptance_says_what_kept_it_back() -> None:
    body = (
        f"{OPENING}è stato rilevato un problema che ne impedisce l'accettazione a causa di\n"
        "indirizzo del mittente errato.\nIl messaggio non è stato accettato.\nIdentificativo messaggio: x"
    )

    assert read(f"AVVISO DI NON ACCETTAZIONE: {SUBJECT}", body).reason == "indirizzo del mittente errato"


def test_a_virus_is_the_cause_of_a_virus_notice_whatever_it_says() -> None:
    body = "è stato rilevato un problema di sicurezza: EICAR.\nIl messaggio non è stato consegnato."

    found = read("AVVISO DI MANCATA CONSEGNA PER VIRUS: x", body)

    assert (found.cause, found.reason) == ("virus", "EICAR")


def test_a_reason_is_cut_at_a_thousand_characters() -> None:
    assert len(read("AVVISO DI MANCATA CONSEGNA: x", "rilevato un errore " + "a" * 5000).reason) == 1000


@given(subject=st.text(), sender=st.text(), date=st.text(), body=st.text())
def test_nothing_that_anybody_writes_stops_the_reader(subject: str, sender: str, date: str, body: str) -> None:
    for prefix in ("", "ACCETTAZIONE:", "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO:", "=?"):
        found = receipts.read(prefix + subject, sender=sender, date=date, body=body)
        assert len(found.reason) <= 1000
    assert len(receipts.identity(sender, date, subject)) == 64


PIECES = ["<", '"', "<b>", "=?", "giorno ", " ore", "a@", "non ", "indirizzato a ", "&#", "casella ", "a", " "]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("prefix", ["ACCETTAZIONE", "AVVISO DI MANCATA CONSEGNA", TIMEOUT])
def test_hostile_repetition_is_read_at_once(piece: str, prefix: str) -> None:
    text, began = piece * 200_000, time.process_time()

    assert receipts.read(f"{prefix}: {text}", sender=text, date=text, body=text).kind is not Kind.UNKNOWN
    assert receipts.identity(text, text, text)
    assert time.process_time() - began < 2


def test_the_same_mail_told_again_is_the_same() -> None:
    one = receipts.identity("Posta@Gestore.example", DATE, "CONSEGNA: Città")
    again = receipts.identity(
        " posta@gestore.example ", "Wed, 26 Aug 2020 10:00:35 +0200 (CEST)", "=?utf-8?Q?CONSEGNA:_Citt=C3=A0?="
    )

    assert one == again


@pytest.mark.parametrize(
    ("sender", "date", "subject"),
    [
        ("b@x.example", DATE, "CONSEGNA: x"),
        ("a@x.example", "Wed, 26 Aug 2020 10:00:36 +0200", "CONSEGNA: x"),
        ("a@x.example", "", "CONSEGNA: x"),
        ("a@x.example", DATE, "CONSEGNA: X"),
        ("a@x.example", DATE, "CONSEGNA: x 2"),
    ],
)
def test_another_sender_date_or_subject_is_another_mail(sender: str, date: str, subject: str) -> None:
    assert receipts.identity(sender, date, subject) != receipts.identity("a@x.example", DATE, "CONSEGNA: x")


def test_what_stands_in_one_part_never_passes_for_another() -> None:
    assert receipts.identity("a\nb", "c", "d") != receipts.identity("a", "b\nc", "d")


EXPECTED = {
    "ACCETTAZIONE__IT03339130126_00009.xml.txt": Kind.ACCEPTANCE,
    "CONSEGNA__IT03339130126_00009.xml.txt": Kind.DELIVERY,
    "accettazione-inesistente.eml": Kind.ACCEPTANCE,
    "accettazione.eml": Kind.ACCEPTANCE,
    "avvenuta-consegna.eml": Kind.DELIVERY,
    "busta-trasporto.eml": Kind.INCOMING,
    "errore-consegna.eml": Kind.NON_DELIVERY,
    "errore-consegna_named-consegna-upstream.eml": Kind.NON_DELIVERY,
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the sample receipts are not at {SAMPLES}")
@pytest.mark.parametrize("preference", ["plain", "html"])
def test_real_mails_are_read_rightly(preference: str) -> None:
    paths = sorted(SAMPLES.iterdir())
    assert len(paths) >= len(EXPECTED)
    for path in paths:
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        part = mail.get_body((preference, "plain"))
        body = part.get_content() if part else ""
        found = receipts.read(str(mail["subject"]), sender=str(mail["from"]), date=str(mail["date"]), body=body)

        assert found.kind is EXPECTED.get(path.name, Kind.INCOMING), path.name
        assert found.certified_at is not None, path.name
        assert found.when == found.certified_at, path.name
        assert found.certified is (True if found.kind is Kind.ACCEPTANCE else None), path.name
        if found.kind is Kind.NON_DELIVERY:
            assert found.cause == "unknown_address", path.name
            assert found.reason.startswith("5.1.1 - "), path.name
            assert found.reason.endswith(" - indirizzo non valido"), path.name
