"""The text is checked where it is written, and merged with every row when it is saved."""

import pytest

from campaigns.models import Campaign
from campaigns.preparing import recipients, writing
from campaigns.states import CampaignState
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from tests.campaigns import build

pytestmark = pytest.mark.django_db

LIST = "nome;nota;pec\nRossi;;rossi@pec.example\nBianchi;urgente;bianchi@pec.example\n"


def save(campaign: Campaign, subject: str, body: str) -> Campaign:
    return writing.save(campaign, subject=subject, body=body, actor=campaign.created_by)


def test_plain_paragraphs_become_html() -> None:
    campaign = save(build.draft(), " Avviso ", "Gentile cliente,\n\nsaluti")

    assert (campaign.subject, campaign.body) == ("Avviso", "<p>Gentile cliente,</p>\n<p>saluti</p>")


FAULTS = {
    "a line break in the subject": ("Avviso\r\nBcc: altri@pec.example", "testo", "subject", "one line"),
    "a subject that turns around": ("Avviso \u202egpj.exe", "testo", "subject", "direction"),
    "no subject": ("", "testo", "subject", "nothing written"),
    "no text": ("Avviso", "  ", "body", "nothing written"),
    "an unknown field in the text": ("Avviso", "Gentile {{ cognome }}", "body", "{{ cognome }}"),
    "an unknown field in the subject": ("Avviso {{ cognome }}", "testo", "subject", "{{ cognome }}"),
    "a field that is not closed": ("Avviso", "Gentile {{ nome", "body", "braces"),
    "a loop": ("Avviso", "{% for x in nome %}x{% endfor %}", "body", "Conditions"),
    "an attribute": ("Avviso", "{{ nome.upper }}", "body", "just its name"),
    "a subject that is too long": ("a" * 300, "testo", "subject", "200"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_text_that_cannot_be_sent_is_refused_on_its_field_and_the_old_one_stays(case: str) -> None:
    subject, body, field, word = FAULTS[case]
    campaign = save(build.upload(build.draft(), LIST), "Vecchio", "<p>vecchio</p>")

    with pytest.raises(Refusal) as caught:
        save(campaign, subject, body)

    assert caught.value.field == field
    assert word in str(caught.value)
    campaign.refresh_from_db()
    assert campaign.subject == "Vecchio"


def test_unknown_fields_are_named_with_those_that_there_are() -> None:
    campaign = build.upload(build.draft(), LIST)

    faults = writing.faults(campaign, subject="Avviso", body="{{ cognome }} {{ via }}")

    assert "{{ cognome }}, {{ via }}" in faults["body"]
    assert "nome, nota, pec" in faults["body"]


def test_before_there_is_a_list_any_field_may_be_used() -> None:
    assert save(build.draft(), "Avviso {{ cognome }}", "testo").subject == "Avviso {{ cognome }}"


def test_a_heading_is_a_field_whatever_its_case_and_spaces() -> None:
    campaign = build.upload(build.draft(), "Ragione Sociale;pec\nRossi;rossi@pec.example\n")

    assert writing.faults(campaign, subject="{{ Ragione sociale }}", body="{{ragione_sociale}}") == {}


def test_rows_without_a_value_that_the_text_needs_are_named() -> None:
    campaign = save(build.upload(build.draft(), LIST), "Avviso", "{{ nota }}")

    problem = campaign.problems.get()
    assert (problem.line, problem.column, problem.code) == (2, "nota", "merge_missing")
    assert campaign.problems_total == 1


def test_a_condition_makes_a_missing_value_no_fault() -> None:
    campaign = save(build.upload(build.draft(), LIST), "Avviso", "ciao {% if nota %}{{ nota }}{% endif %}")

    assert campaign.problems_total == 0


def test_a_row_whose_subject_becomes_too_long_is_named() -> None:
    campaign = build.upload(build.draft(), f"nome;pec\n{'a' * 190};rossi@pec.example\n")

    campaign = save(campaign, "Avviso {{ nome }}", "testo")

    assert campaign.problems.get().code == "merge_subject_subject_too_long"


def test_another_text_takes_the_faults_of_the_old_one_away() -> None:
    campaign = save(build.upload(build.draft(), LIST), "Avviso", "{{ nota }}")

    campaign = save(campaign, "Avviso", "{{ nome }}")

    assert campaign.problems_total == 0


def test_a_new_fault_asks_for_the_choice_again() -> None:
    campaign = build.upload(build.draft(), LIST + "Verdi;x;verdi\n")
    recipients.go_on_without_faulty(campaign, actor=campaign.created_by)

    campaign = save(campaign, "Avviso", "{{ nota }}")

    assert not campaign.skip_problems
    assert campaign.problems_total == 2


def test_the_same_text_again_is_not_another_act() -> None:
    campaign = build.draft()
    for _time in range(2):
        save(campaign, "Avviso", "testo")

    assert Entry.objects.filter(action="campaign.edit_text").count() == 1


def test_a_started_campaign_keeps_its_text() -> None:
    campaign = build.ready()
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING)

    with pytest.raises(Refusal, match="not a draft"):
        save(campaign, "Altro", "altro")
