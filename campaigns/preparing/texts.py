"""Texts kept for other campaigns: saved out of one under a name, used in another, every version still there."""

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import markup, sentences, text
from campaigns.models import Campaign, SavedText, TextVersion
from campaigns.preparing import paragraphs, writing
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User


@transaction.atomic
def keep(campaign: Campaign, *, name: str, actor: User) -> TextVersion:
    """Keep a campaign's subject and text under a name: a new version where the name is known already.

    The same text again makes no version. Raises `Refusal` without a name, or while nothing is written.
    """
    name = " ".join(name.split())[:100]
    if not name:
        raise Refusal(_("Give the text a name by which you find it again."), field="name")
    if not campaign.subject or not campaign.body:
        raise Refusal(_("The subject or the text is not written yet: save them first."), field="name")
    saved, _is_new = SavedText.objects.select_for_update().get_or_create(
        organisation_id=campaign.organisation_id, name=name
    )
    if saved.put_away:
        SavedText.objects.filter(pk=saved.pk).update(put_away=False)
    return _version(saved, campaign.subject, campaign.body, actor=actor)


@transaction.atomic
def write(saved: SavedText, *, subject: str, body: str, actor: User) -> TextVersion:
    """Give a saved text a new version (plain paragraphs or HTML), in which any merge field may be used.

    The same text again makes no version. Raises `Refusal` on the field that is wrong.
    """
    subject, body = subject.strip(), paragraphs.to_html(body)
    try:
        text.Letter.of(subject, body)
    except text.TextProblem as exc:
        raise Refusal(sentences.of_text(exc), field=exc.place or "body") from exc
    locked = SavedText.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=saved.pk)
    return _version(locked, subject, body, actor=actor)


def _version(saved: SavedText, subject: str, body: str, *, actor: User) -> TextVersion:
    """The latest version, if it says this already, or a new one; on a locked row."""
    last = saved.versions.first()
    if last is not None and (last.subject, last.body) == (subject, body):
        return last
    version = TextVersion.objects.create(
        saved_text=saved, n=last.n + 1 if last else 1, subject=subject, body=body, by=actor, at=clock.now()
    )
    record("text.keep", actor=actor, organisation=saved.organisation, target=saved, version=version.n)
    return version


def use(campaign: Campaign, version: TextVersion, *, actor: User) -> Campaign:
    """Give a draft a saved text; again it changes nothing. Raises `Refusal` as `writing.save` does, and for a foreign
    one.
    """
    if version.saved_text.organisation_id != campaign.organisation_id:
        raise Refusal(_("This text belongs to another organisation."))
    return writing.save(campaign, subject=version.subject, body=version.body, actor=actor)


def shown(version: TextVersion) -> str:
    """What a version says as cleaned HTML, its merge fields as they are written."""
    return markup.clean(version.body)


@transaction.atomic
def put_away(saved: SavedText, *, actor: User) -> None:
    """Offer a text no more; its versions stay, and its name brings it back. Again it does nothing."""
    if SavedText.objects.filter(pk=saved.pk, put_away=False).update(put_away=True):
        record("text.put_away", actor=actor, organisation=saved.organisation, target=saved)
