"""What a job wrote down is read in the language of the reader, and what people wrote stays as it is."""

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Letter
from pecportal import told
from pecportal.told import MARK, say
from tests.campaigns import build


@pytest.fixture
def sentence() -> told.Told:
    with translation.override("it"):  # a job's language
        return say(_("Both papers together have more than 50 pages: upload only the pages that are asked for."))


def test_a_sentence_is_read_in_the_readers_language(sentence: told.Told) -> None:
    assert not sentence.startswith("Both papers")  # the job's log is in the job's language
    with translation.override("en"):
        assert told.read(told.stored(sentence)).startswith("Both papers")
    with translation.override("it"):
        assert told.read(told.stored(sentence)) == sentence


def test_its_words_and_a_detail_come_along() -> None:
    made = say("Row %(row)s: 100%% of %(what)s", row=7, what="città", detail="x")

    assert made == "Row 7: 100% of città (x)"
    assert told.read(told.stored(made)) == made
    assert say("100% true") == "100% true"


@pytest.mark.parametrize("text", ["", "Scritto da una persona", '["a", {}, ""]', MARK + "no json", MARK + "[1]"])
def test_what_is_no_such_sentence_is_read_as_it_is(text: str) -> None:
    assert told.read(text) == text.removeprefix(MARK)
    assert told.stored(text) == text


def test_words_that_do_not_fit_any_more_break_no_page() -> None:
    assert say("Row %(row)s", line=1) == "Row %(row)s"


@pytest.mark.django_db
def test_a_row_keeps_what_was_said_and_not_how_it_was_read(sentence: told.Told) -> None:
    campaign = build.draft()
    Campaign.objects.filter(pk=campaign.pk).update(problem=sentence)

    with translation.override("it"):
        campaign.refresh_from_db()
        assert campaign.problem == sentence
        campaign.save()
    with translation.override("en"):
        campaign.refresh_from_db()
        assert campaign.problem.startswith("Both papers")
    assert Campaign.objects.exclude(problem="").get() == campaign


@pytest.mark.django_db
def test_a_letters_faults_are_told_in_the_readers_language(sentence: told.Told) -> None:
    letter = Letter(faults=[[3, told.stored(sentence)], [4, "Come prima"]])
    with translation.override("en"):
        assert [why[:10] for _line, why in letter.unmade] == ["Both paper", "Come prima"]
