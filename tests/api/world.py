"""An organisation with one of everything that an address of the API can name, made by one of its programs."""

import hashlib
import io
import uuid
from typing import Any

from django.utils import timezone

from campaigns.models import Campaign, PackageState, Posted
from campaigns.states import CampaignState
from pecportal import stored
from pecportal.api import jobs
from pecportal.organisations.models import Organisation, User
from pecportal.registers.models import LookUp
from tests.campaigns import build as campaigns
from tests.webhooks import build as hooks


def populate(office: Organisation, maker: User) -> dict[str, Any]:
    """Make one of everything in `office`, by `maker`; for each name of `access.OBJECTS` what an address says."""
    look_up = LookUp.objects.create(organisation=office, by=maker, at=timezone.now())
    job = jobs.begin("look-up", look_up, organisation=office, actor=maker)
    delivery = hooks.delivery(hooks.webhook(office, program=maker), state="delivered")
    stream = Campaign.objects.create(
        organisation=office,
        mailbox=(mailbox := campaigns.sender(office)),
        name="Messaggi singoli",
        state=CampaignState.RUNNING,
        created_by=maker,
        launched_at=timezone.now(),
    )
    code = f"2026033108000{office.pk:05}"
    posted = campaigns.message(stream)
    campaigns.receipt(posted, "delivery")
    Posted.objects.create(message=posted, organisation=office, code=code)
    draft = Campaign.objects.create(organisation=office, mailbox=stream.mailbox, name="Avvisi", created_by=maker)
    draft.sheets.create(asked_by=maker, asked_at=timezone.now())
    stored.keep(package := f"packages/{uuid.uuid4().hex}", io.BytesIO(b"PK"))
    return {
        "code": code,
        "job": job.public_id,
        "webhook": delivery.webhook.public_id,
        "delivery": delivery.public_id,
        "mailbox": mailbox.public_id,
        "message": posted.public_id,
        "campaign": draft.public_id,
        "attachment": campaigns.attach(draft).public_id,
        "package": draft.packages.create(
            by=maker, state=PackageState.MADE, stored_as=package, sha256=hashlib.sha256(b"PK").hexdigest()
        ).public_id,
    }
