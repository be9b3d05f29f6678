"""A world in which everything that is not the operators' business can be told by its words."""

from campaigns.models import Intake, Letter, Letterhead, OwnWaiver, Route, SavedText, TextVersion
from campaigns.preparing import own
from campaigns.states import Shown
from tests.campaigns import build, doubts

SECRETS = ["segreto@pec.example", "Oggetto segreto", "Testo segreto", "Valore segreto", "segreto.txt", "Parola segreta"]


def fill() -> None:
    """One row of everything, each with something that is not the operators' business."""
    csv = "nome;pec\nValore segreto;segreto@pec.example\nNeri;Parola segreta\n"
    draft = build.upload(build.draft(), csv)
    build.attach(draft, name="segreto.txt")
    build.own_file(draft, name="segreto.txt")
    own.place(draft, draft.own_files.get().pk, line=2, actor=draft.created_by)
    facts = {"campaign": draft, "size": 1, "by": draft.created_by}
    Intake.objects.create(name="segreto.txt", stored_as="x", faults=[["segreto.txt", "Parola segreta"]], **facts)
    OwnWaiver.objects.create(campaign=draft, line=3, by=draft.created_by)
    Letter.objects.create(campaign=draft, file_name="segreto.txt", subject="Oggetto segreto", body="Testo segreto")
    Letterhead.objects.create(organisation=draft.organisation, name="Comune", changed_by=draft.created_by)
    saved = SavedText.objects.create(organisation=draft.organisation, name="Solleciti")
    said = {"subject": "Oggetto segreto", "body": "Testo segreto"}
    TextVersion.objects.create(saved_text=saved, n=1, by=draft.created_by, **said)
    campaign = build.started(draft.created_by)
    row = build.message(campaign, status=Shown.UNDELIVERED, recipient="segreto@pec.example")
    row.content.subject, row.content.body = "Oggetto segreto", "Testo segreto"
    row.content.save()
    row.attempts.update(answer="Parola segreta segreto@pec.example")
    receipt = build.receipt(row, "non_delivery", reason="segreto@pec.example", body="Testo segreto")
    receipt.subject = "Oggetto segreto"
    receipt.save()
    doubt = doubts.doubt(campaign)
    doubt.message.recipient, doubt.answer = "segreto@pec.example", "Parola segreta segreto@pec.example"
    doubt.route = Route.objects.create(
        mailbox=doubt.mailbox, url="https://pec.example/send", sender="u@pec.example", username="u", version="1"
    )
    doubt.message.save()
    doubt.save()
    doubt.message.content.subject, doubt.message.content.body = "Oggetto segreto", "Testo segreto"
    doubt.message.content.save()
    build.attach_to(campaign, name="segreto.txt")
    campaign.subject, campaign.body = "Oggetto segreto", "Testo segreto"
    campaign.save()
