"""What comes back, and when, for each magic recipient."""

from datetime import datetime, timedelta
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from pecportal.sandbox.fates import FATES, fate_of
from tests.sandbox.callers import BOX, Caller

RDA, RDAC = "ACCETTAZIONE", "CONSEGNA"
FAILED, EXPIRING = "AVVISO DI MANCATA CONSEGNA", "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO"
NO, VIRUS = "AVVISO DI NON ACCETTAZIONE", " PER VIRUS"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("recipient", "planned"),
    [
        ("consegnata@prova.example", "delivered"),
        ("in-ritardo.17@prova.example", "delivered"),
        ("Inesistente+abc@pec.prova.example", "undelivered"),
        ("CASELLA-PIENA@PROVA.EXAMPLE", "undelivered"),
        ("virus@prova.example", "undelivered"),
        ("non-accettata@prova.example", "not_accepted"),
        ("non-accettata-virus@prova.example", "not_accepted"),
        ("preavviso-12h@prova.example", "delivered"),
        ("preavviso-24h@prova.example", "expired"),
        ("silenziosa@prova.example", "no_outcome"),
        ("posta-ordinaria@prova.example", "ordinary_mail"),
        ("risposta-persa@prova.example", "delivered"),
        ("troppe-richieste@prova.example", "delivered"),
        ("errore-500@prova.example", "uncertain"),
        ("errore-500-presa@prova.example", "delivered"),
        ("rifiutata@prova.example", "failed"),
        ("ditta.inesistente@prova.example", "delivered"),
        ("inesistente@prova.example.com", "delivered"),
        ("inesistente@laprova.example", "delivered"),
        ("inesistente@posta.example", "delivered"),
        ("senza-chiocciola", "delivered"),
    ],
)
def test_the_local_part_under_the_magic_domain_decides(box: Caller, recipient: str, planned: str) -> None:
    assert box.sandbox.planned(recipient) == planned


def receipts(caller: Caller, code: str) -> list[dict[str, Any]]:
    answer = caller.read(f"/send/{code}")
    return answer.json()["data"] if answer.status_code == 200 else []


def told(caller: Caller, code: str) -> list[tuple[str, timedelta]]:
    """Prefix of each receipt, and how long after the message was taken it is dated."""
    at = caller.sandbox.ledger[-1].at
    return [
        (item["subject"].partition(":")[0], parsedate_to_datetime(item["date"]) - at.replace(microsecond=0))
        for item in receipts(caller, code)
    ]


TIMES = {
    "consegnata": [(RDA, timedelta(), MINUTE), (RDAC, timedelta(), 2 * MINUTE)],
    "inesistente": [(RDA, timedelta(), MINUTE), (FAILED, timedelta(), 2 * MINUTE)],
    "casella-piena": [(RDA, timedelta(), MINUTE), (FAILED, timedelta(), 2 * MINUTE)],
    "virus": [(RDA, timedelta(), MINUTE), (FAILED + VIRUS, timedelta(), 2 * MINUTE)],
    "non-accettata": [(NO, timedelta(), MINUTE)],
    "non-accettata-virus": [(NO + VIRUS, timedelta(), MINUTE)],
    "silenziosa": [(RDA, timedelta(), MINUTE)],
    "posta-ordinaria": [(RDA, timedelta(), MINUTE)],
    "preavviso-12h": [
        (RDA, timedelta(), MINUTE),
        (EXPIRING, 12 * HOUR, 12 * HOUR + 2 * MINUTE),
        (RDAC, 14 * HOUR, 14 * HOUR + 2 * MINUTE),
    ],
    "preavviso-24h": [
        (RDA, timedelta(), MINUTE),
        (EXPIRING, 12 * HOUR, 12 * HOUR + 2 * MINUTE),
        (EXPIRING, 24 * HOUR, 24 * HOUR + 2 * MINUTE),
    ],
    "in-ritardo": [
        (RDA, timedelta(), MINUTE),
        (EXPIRING, 12 * HOUR, 12 * HOUR + 2 * MINUTE),
        (EXPIRING, 24 * HOUR, 24 * HOUR + 2 * MINUTE),
        (RDAC, 26 * HOUR, 26 * HOUR + 2 * MINUTE),
    ],
    "presa-in-carico": [
        (RDA, timedelta(), MINUTE),
        ("PRESA IN CARICO", timedelta(), MINUTE),
        (RDAC, timedelta(), 2 * MINUTE),
    ],
    "problema-di-sicurezza": [
        (RDA, timedelta(), MINUTE),
        ("PROBLEMA DI SICUREZZA", timedelta(), MINUTE),
        (FAILED + VIRUS, timedelta(), 2 * MINUTE),
    ],
    "risponde": [
        (RDA, timedelta(), MINUTE),
        (RDAC, timedelta(), 2 * MINUTE),
        ("POSTA CERTIFICATA", timedelta(), 4 * MINUTE),
    ],
    "risponde-ordinaria": [
        (RDA, timedelta(), MINUTE),
        (RDAC, timedelta(), 2 * MINUTE),
        ("ANOMALIA MESSAGGIO", timedelta(), 4 * MINUTE),
    ],
    "ricevute-doppie": [(RDAC, timedelta(), MINUTE)] * 2 + [(RDA, timedelta(), MINUTE)] * 2,
}


@pytest.mark.parametrize("fate", TIMES)
def test_each_fate_has_its_receipts_at_their_times(box: Caller, fate: str) -> None:
    code = box.code(f"{fate}@prova.example")
    assert receipts(box, code) == []

    box.sandbox.advance(hours=48)

    seen = told(box, code)
    assert [prefix for prefix, _ in seen] == [prefix for prefix, _, _ in TIMES[fate]]
    for (_, after), (_, earliest, latest) in zip(seen, TIMES[fate], strict=True):
        assert earliest <= after <= latest


def test_every_fate_is_tried_here() -> None:
    answers = {"risposta-persa", "troppe-richieste", "errore-500", "errore-500-presa", "rifiutata"}

    assert set(TIMES) | answers == set(FATES)
    assert fate_of("chiunque@posta.example") == "consegnata"


def test_receipts_come_one_by_one_as_time_passes(box: Caller) -> None:
    code = box.code("preavviso-24h@prova.example")

    seen = []
    for hours in (1, 12, 12):
        box.sandbox.advance(hours=hours)
        seen.append(len(receipts(box, code)))

    assert seen == [1, 2, 3]


def test_every_receipts_subject_ends_with_subject_and_code(box: Caller) -> None:
    code = box.code(subject="Avviso Rif. 7KQ2M9")
    box.sandbox.advance(hours=1)

    assert [item["subject"] for item in receipts(box, code)] == [
        f"ACCETTAZIONE: Avviso Rif. 7KQ2M9 {code}",
        f"CONSEGNA: Avviso Rif. 7KQ2M9 {code}",
    ]


def test_the_texts_are_those_of_real_receipts(box: Caller) -> None:
    code = box.code("inesistente@prova.example", subject="Avviso")
    box.sandbox.advance(hours=1)

    acceptance, failure = receipts(box, code)
    at = parsedate_to_datetime(acceptance["date"])
    assert at.utcoffset() in (HOUR, 2 * HOUR)
    for words in (
        f"Il giorno {at:%d/%m/%Y} alle ore {at:%H:%M:%S} ({at:%z}) il messaggio\n",
        f'"Avviso {code}" proveniente da "{BOX}"\n',
        'ed indirizzato a:\ninesistente@prova.example ("posta certificata")\n',
        "è stato accettato dal sistema ed inoltrato.",
        "Identificativo messaggio: ",
    ):
        assert words in acceptance["body"]
    assert acceptance["sender"] == "posta-certificata@prova.example"
    assert acceptance["recipient"] == BOX
    assert "è stato rilevato un errore 5.1.1 - indirizzo non valido." in failure["body"]


@pytest.mark.parametrize(
    ("fate", "number", "words"),
    [
        ("posta-ordinaria", 0, '("posta ordinaria")'),
        ("casella-piena", 1, "5.2.2 - casella di destinazione piena"),
        ("virus", 1, "virus rilevato"),
        ("non-accettata", 0, "Il messaggio non è stato accettato."),
        ("non-accettata-virus", 0, "problema di sicurezza"),
        ("preavviso-24h", 1, "prime dodici ore"),
        ("preavviso-24h", 2, "ventiquattro ore successive"),
        ("risponde", 2, "Messaggio di posta certificata"),
        ("risponde-ordinaria", 2, "non sono stati certificati"),
    ],
)
def test_each_cause_stands_in_its_text(box: Caller, fate: str, number: int, words: str) -> None:
    code = box.code(f"{fate}@prova.example")
    box.sandbox.advance(hours=48)

    assert words in receipts(box, code)[number]["body"]


def test_one_acceptance_for_many_recipients_and_one_delivery_for_each(box: Caller) -> None:
    code = box.code(["uno@prova.example", "due@prova.example", "inesistente@prova.example"])
    box.sandbox.advance(hours=1)

    prefixes = sorted(prefix for prefix, _ in told(box, code))
    assert prefixes == sorted([RDA, RDAC, RDAC, FAILED])
    acceptance = next(item for item in receipts(box, code) if item["subject"].startswith(RDA))
    assert acceptance["body"].count('("posta certificata")') == 3


def test_a_mailbox_that_writes_to_itself_gets_the_envelope_too(box: Caller) -> None:
    code = box.code(BOX)
    box.sandbox.advance(hours=1)

    items = receipts(box, code)
    assert sorted(item["subject"].partition(":")[0] for item in items) == [RDA, RDAC, "POSTA CERTIFICATA"]
    (envelope,) = [item for item in items if item["subject"].startswith("POSTA")]
    assert envelope["sender"] == f'"Per conto di: {BOX}" '


def test_a_lost_answer_was_taken_and_the_connection_ends_without_a_byte(box: Caller) -> None:
    assert box.token

    with pytest.raises(requests.ConnectionError, match="without response"):
        box.send("risposta-persa@prova.example")

    assert [sent.planned for sent in box.sandbox.ledger] == ["delivered"]
    box.sandbox.advance(hours=1)
    assert len(box.subjects()) == 2


def test_too_many_requests_are_refused_once_for_each_recipient(box: Caller) -> None:
    for recipient in ("troppe-richieste.1@prova.example", "troppe-richieste.2@prova.example"):
        answer = box.send(recipient)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert box.send(recipient).status_code == 201

    assert box.sandbox.sent_count == 2


@pytest.mark.parametrize(
    ("fate", "status", "message", "taken"),
    [
        ("errore-500", 500, "MySQL Error", 0),
        ("errore-500-presa", 500, "MySQL Error", 1),
        ("rifiutata", 400, "Post parameter is not valid", 0),
    ],
)
def test_errors_say_nothing_of_what_was_taken(box: Caller, fate: str, status: int, message: str, taken: int) -> None:
    answer = box.send(f"{fate}@prova.example")

    assert answer.status_code == status
    assert answer.json()["message"].startswith(message)
    assert box.sandbox.sent_count == taken
    box.sandbox.advance(hours=1)
    assert len(box.subjects()) == 2 * taken


def test_subjects_may_come_as_encoded_words_and_texts_urlencoded_or_worn(box: Caller) -> None:
    code = box.code(subject="Avviso di novità, è così: " + "parole " * 10)
    box.sandbox.advance(hours=1)
    plain = receipts(box, code)[0]

    box.sandbox.encoded_subjects = box.sandbox.urlencoded_bodies = True
    encoded = receipts(box, code)[0]
    box.sandbox.encoded_subjects = box.sandbox.urlencoded_bodies = False
    box.sandbox.lost_characters = True
    worn = receipts(box, code)[0]

    assert encoded["subject"].startswith("=?utf-8?")
    assert "\r\n" in encoded["subject"]
    assert str(make_header(decode_header(encoded["subject"]))) == plain["subject"]
    assert encoded["body"].startswith("--+Ricevuta+di+accettazione+--%0A")
    assert "\ufffd stato accettato" in worn["body"]
    assert worn["subject"].isascii() is False
    assert "è" not in worn["subject"]


def test_dates_are_the_sandboxs(box: Caller) -> None:
    box.sandbox.advance(hours=24 * 400)

    code = box.code()
    box.sandbox.advance(hours=1)

    date = parsedate_to_datetime(receipts(box, code)[0]["date"])
    assert date - datetime.now(date.tzinfo) > timedelta(days=399)
