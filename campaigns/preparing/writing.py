"""The letter's subject and text: checked while they are written, merged with the list once they are saved."""

from collections.abc import Mapping

from django.db import transaction

from campaigns import sentences, text
from campaigns.models import Campaign
from campaigns.preparing import drafts, merging, paragraphs
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User


@transaction.atomic
def save(campaign: Campaign, *, subject: str, body: str, actor: User) -> Campaign:
    """Give a draft its subject and text (plain paragraphs or HTML), and return the campaign anew.

    Raises `Refusal` on the field that is wrong: syntax, control characters, a merge field that the list lacks. Rows
    without a value that the text needs are no reason to refuse: they become problems of the list, found by a job where
    it is long. The same again changes nothing.
    """
    draft = drafts.locked(campaign)
    subject, body = subject.strip(), paragraphs.to_html(body)
    for field, sentence in faults(draft, subject=subject, body=body).items():
        raise Refusal(sentence, field=field)
    if (draft.subject, draft.body) == (subject, body):
        return draft
    draft.subject, draft.body, draft.problem = subject, body, ""
    draft.save(update_fields=["subject", "body", "problem"])
    merging.begin(draft)
    record("campaign.edit_text", actor=actor, organisation=draft.organisation, target=draft)
    return draft


def faults(campaign: Campaign, *, subject: str, body: str) -> Mapping[str, str]:
    """What is wrong with a text that is being written, by field: `subject`, `body`. Stores nothing."""
    try:
        letter = text.Letter.of(subject.strip(), paragraphs.to_html(body))
    except text.TextProblem as exc:
        return {exc.place or "body": sentences.of_text(exc)}
    known = merging.fields(campaign)
    unknown = sorted(letter.fields - set(known)) if campaign.columns else []
    return {_place(subject, unknown): sentences.unknown_fields(unknown, known)} if unknown else {}


def _place(subject: str, fields: list[str]) -> str:
    """The field in which the first of the merge fields stands."""
    try:
        in_subject = text.Letter.of(subject.strip(), "<p>-</p>").fields
    except text.TextProblem:
        return "body"
    return "subject" if in_subject & set(fields) else "body"
