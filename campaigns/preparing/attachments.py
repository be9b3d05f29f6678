"""A draft's files: looked into, stored under random names, weighed as a message will carry them."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import files, sentences
from campaigns.models import Attachment, Campaign
from campaigns.preparing import drafts
from pecportal import antivirus, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User

MOST_FILES = 30


def add(campaign: Campaign, path: Path, *, name: str, actor: User) -> Attachment:
    """Attach a copy of the file at `path`, called `name` by the clerk, to a draft. The same file again is kept once.

    Raises `Refusal` when the file may not be sent, another has its name, or all together become too heavy; then
    nothing is kept.
    """
    try:
        found = files.sniff(path, name=name, seconds=settings.UPLOAD_SECONDS)
    except files.FileProblem as exc:
        raise Refusal(sentences.of_file(exc), field="file") from exc
    whose = campaign.organisation
    antivirus.admit(path, name=found.name, field="file", actor=actor, organisation=whose, target=campaign)
    stored_as = _store(path)
    with stored.discarded_on_failure(stored_as), transaction.atomic():
        attachment = _insert(campaign, found, stored_as, actor=actor)
    if attachment.stored_as != stored_as:  # it was there already
        stored.discard(stored_as)
    return attachment


@transaction.atomic
def remove(campaign: Campaign, attachment_id: int, *, actor: User) -> None:
    """Take a file off a draft, bytes and all; again it does nothing. Raises `Refusal` when it is not a draft."""
    draft = drafts.locked(campaign)
    attachment = draft.attachments.filter(pk=attachment_id).first()
    if attachment is None:
        return
    stored_as, digest = attachment.stored_as, attachment.sha256
    attachment.delete()
    transaction.on_commit(lambda: stored.discard(stored_as))
    record("campaign.detach", actor=actor, organisation=draft.organisation, target=draft, sha256=digest)


def _store(path: Path) -> str:
    stored_as = f"attachments/{uuid.uuid4().hex}"
    with path.open("rb") as source:
        stored.keep(stored_as, source)
    return stored_as


def _insert(campaign: Campaign, found: files.Sniffed, stored_as: str, *, actor: User) -> Attachment:
    draft = drafts.locked(campaign)
    present = list(draft.attachments.all())
    for other in present:
        if other.name.lower() == found.name.lower():
            if other.sha256 == found.sha256:
                return other
            raise Refusal(_("There is another attachment of this name: remove it first."), field="file")
    _weigh(present, found)
    attachment = Attachment.objects.create(
        campaign=draft,
        name=found.name,
        content_type=found.content_type,
        size=found.size,
        sha256=found.sha256,
        stored_as=stored_as,
    )
    record("campaign.attach", actor=actor, organisation=draft.organisation, target=draft, sha256=found.sha256)
    return attachment


def _weigh(present: list[Attachment], found: files.Sniffed) -> None:
    if len(present) >= MOST_FILES:
        raise Refusal(_("A message may carry at most %(count)s files.") % {"count": MOST_FILES}, field="file")
    total = files.encoded_size(found.size) + sum(files.encoded_size(other.size) for other in present)
    if total > files.ATTACHMENT_LIMIT:
        raise Refusal(
            _("With this file a message would weigh %(size)s MB; the provider takes at most %(limit)s MB.")
            % {"size": -(-total // 10**6), "limit": files.ATTACHMENT_LIMIT // 10**6},
            field="file",
        )
