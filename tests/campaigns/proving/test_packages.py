"""Packages of evidence: made once however often they are asked for, put down by whoever lost them, and not for ever."""

import io
import json
import zipfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, Package, PackageState
from campaigns.preparing import approving
from campaigns.proving import packages
from campaigns.sending import launch
from campaigns.states import Shown
from pecportal import clock, stored
from pecportal.organisations.models import FourEyes, Organisation
from pecportal.permissions import Role
from pecportal.webhooks.models import Event, EventType
from tests import build as kernel
from tests.buckets import Bucket
from tests.campaigns import build
from tests.jobs import Jobs
from tests.webhooks import build as hooks

pytestmark = pytest.mark.django_db
SAVE = FileSystemStorage._save  # type: ignore[attr-defined]


@pytest.fixture
def package() -> Package:
    campaign = build.started(statuses=[Shown.DELIVERED, Shown.UNDELIVERED])
    return packages.order(campaign, actor=campaign.created_by)


def fall_silent() -> None:
    Package.objects.update(alive_at=clock.real_now() - packages.LOST - timedelta(seconds=1))


def kept() -> list[Path]:
    return list(Path(portal.MEDIA_ROOT, "packages").glob("*"))


def told(package: Package) -> dict[str, Any]:
    package.refresh_from_db()
    with stored.opened(package.stored_as) as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        found: dict[str, Any] = json.loads(archive.read("campaign.json"))
    return found


def test_a_lost_one_is_asked_for_once_however_often_it_is_looked_for(package: Package, jobs: Jobs) -> None:
    jobs.clear()
    fall_silent()

    packages.sweep()
    packages.sweep()

    assert jobs.names() == [packages.TASK]
    jobs.run()
    package.refresh_from_db()
    assert (package.state, package.tries) == (PackageState.MADE, 1)


def test_of_two_jobs_one_makes_it(package: Package, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def save(storage: FileSystemStorage, name: str, content: Any) -> str:
        made.append(name)
        packages.make(package.pk)  # while the first is at it
        return str(SAVE(storage, name, content))

    monkeypatch.setattr(FileSystemStorage, "_save", save)
    packages.make(package.pk)
    packages.make(package.pk)

    assert len(made) == len(kept()) == 1


def test_all_of_its_making_gives_signs_of_life(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "BEAT", 0.0)

    with CaptureQueriesContext(connection) as asked:
        packages.make(package.pk)

    said = [each["sql"] for each in asked]
    signs = [n for n, sql in enumerate(said) if sql.startswith('UPDATE "campaigns_package" SET "alive_at"')]
    csv = next(n for n, sql in enumerate(said) if "campaigns_message" in sql)
    texts = next(n for n, sql in enumerate(said) if '"campaigns_receipt"."raw"' in sql)
    last = max(n for n, sql in enumerate(said) if "campaigns_message" in sql)
    assert [n for n in signs if csv < n < texts]
    assert len([n for n in signs if n > last]) >= 4  # hashed and stored, each to its end


def test_in_a_bucket_it_is_kept_whole(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "BEAT", 0.0)
    campaign = build.started(statuses=[Shown.DELIVERED])
    package = packages.order(campaign, actor=campaign.created_by)

    packages.make(package.pk)

    assert told(package)["id"] == str(campaign.public_id)
    assert stored.is_whole(package.stored_as, sha256=package.sha256)


def test_who_was_taken_for_lost_puts_it_down(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "BEAT", 0.0)

    def save(storage: FileSystemStorage, name: str, content: Any) -> str:
        Package.objects.update(tries=F("tries") + 1)  # another job has begun it
        return str(SAVE(storage, name, content))

    monkeypatch.setattr(FileSystemStorage, "_save", save)
    packages.make(package.pk)

    package.refresh_from_db()
    assert (package.state, package.stored_as) == (PackageState.MAKING, "")
    assert not kept()


@pytest.mark.parametrize("error", [OSError("no space left"), ValueError("a bug")])
def test_after_some_tries_it_has_failed(
    package: Package, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    hooks.webhook(package.campaign.organisation)

    def save(storage: FileSystemStorage, name: str, content: Any) -> str:
        SAVE(storage, name, content)
        raise error

    monkeypatch.setattr(FileSystemStorage, "_save", save)
    for _try in range(packages.MOST_TRIES):
        with suppress(ValueError):
            jobs.run()
        fall_silent()
        packages.sweep()

    package.refresh_from_db()
    assert (package.state, package.tries) == (PackageState.FAILED, packages.MOST_TRIES)
    assert "order another one" in packages.why_none(package)
    assert jobs.names().count(packages.TASK) == 0
    assert not kept()
    [event] = Event.objects.filter(type=EventType.JOB_COMPLETED)
    assert event.data["outcome"] == "failed"
    fall_silent()
    packages.sweep()
    packages.make(package.pk)
    assert Package.objects.get().state == PackageState.FAILED
    monkeypatch.undo()
    again = packages.order(package.campaign, actor=package.by)
    packages.make(again.pk)
    again.refresh_from_db()
    assert again.state == PackageState.MADE


def test_one_that_no_job_began_is_not_given_up(package: Package, jobs: Jobs) -> None:
    for _time in range(packages.MOST_TRIES + 2):
        jobs.clear()
        fall_silent()
        packages.sweep()

    jobs.run()

    package.refresh_from_db()
    assert package.state == PackageState.MADE


def test_it_tells_the_approvals_with_which_it_started(jobs: Jobs) -> None:
    campaign = build.ready()
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    seen, clerk = build.checked(campaign).sha256, campaign.created_by
    heads = [kernel.user(campaign.organisation, Role.APPROVER) for _time in range(2)]
    approve(campaign, seen, heads[0])
    approving.take_back(campaign, actor=clerk)
    approve(campaign, seen, heads[1])
    campaign = Campaign.objects.select_related("organisation", "mailbox").get()
    launch.launch(campaign, actor=clerk, seen=seen)
    launch.freeze(campaign.pk)
    launch.stop(campaign, actor=clerk)

    package = packages.order(campaign, actor=clerk)
    packages.make(package.pk)

    [last] = campaign.submissions.get(state="approved").approvals.all()
    assert told(package)["approved_at"] == [last.at.isoformat()]


def approve(campaign: Campaign, seen: str, head: Any) -> None:
    submission = approving.submit(campaign, seen=seen, actor=campaign.created_by)
    approving.approve(submission, seen=seen, actor=head)
