"""Many contacts at once: a job takes them in or hands them out, part by part, however often it is killed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from campaigns.models import Campaign, Change, Contact, ContactChange, ContactGroup, ContactRun, RunState
from campaigns.preparing import contact_runs, contact_work, contacts
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db

MANY = contacts.AT_ONCE + 500


class Killed(BaseException):
    """As if the worker was killed."""


@pytest.fixture
def clerk() -> User:
    return build.clerk()


def rows(count: int) -> str:
    return "pec;nome;settore\n" + "".join(f"ditta{n}@pec.example;Ditta {n};s{n % 3}\n" for n in range(count))


def file_run(clerk: User, tmp_path: Path, content: str, *, group: ContactGroup | None = None) -> ContactRun:
    path = tmp_path / "contatti.csv"
    path.write_text(content)
    office = build.organisation_of(clerk)
    run = contacts.take_in(office, path, name=path.name, group=group, actor=clerk)
    assert isinstance(run, ContactRun)
    return run


def filled_group(clerk: User, count: int) -> ContactGroup:
    group = build.group(clerk)
    office = build.organisation_of(clerk)
    made = [Contact(organisation=office, address=f"ente{n}@pec.example", name=f"Ente {n}") for n in range(count)]
    group.contacts.add(*Contact.objects.bulk_create(made))
    return group


def killed_at(number: int, work: Callable[[], object]) -> None:
    """Kill the work at its n-th change of the job's row."""
    seen = 0

    def watch(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
        nonlocal seen
        if sql.startswith('UPDATE "campaigns_contactrun"'):
            seen += 1
            if seen == number:
                raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch), pytest.raises(Killed):
        work()


def test_a_long_file_is_taken_in_by_a_job(jobs: Jobs, clerk: User, tmp_path: Path) -> None:
    group = build.group(clerk)
    run = file_run(clerk, tmp_path, rows(MANY) + "rossi;Rossi;\n", group=group)
    assert Contact.objects.count() == 0

    jobs.run()
    jobs.run()

    run.refresh_from_db()
    assert (run.state, run.rows, run.added, run.changed, run.faulty) == (RunState.DONE, MANY + 1, MANY, 0, 1)
    assert run.faults[0][0] == MANY + 2
    assert group.contacts.count() == MANY
    note = ContactChange.objects.get(change=Change.IMPORTED)
    assert (note.by, note.facts) == (clerk, {"added": MANY, "changed": 0, "faulty": 1})


@pytest.mark.parametrize("number", [1, 2, 3, 4, 9, 13])
def test_a_file_is_taken_in_once_wherever_its_job_is_killed(clerk: User, tmp_path: Path, number: int) -> None:
    run = file_run(clerk, tmp_path, rows(MANY))

    killed_at(number, lambda: contact_work.run(run.pk))
    for _time in range(2):
        contact_work.run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.rows, run.added, run.changed) == (RunState.DONE, MANY, MANY, 0)
    assert Contact.objects.count() == MANY
    assert ContactChange.objects.filter(change=Change.IMPORTED).count() == 1


def test_a_long_list_becomes_a_group_wherever_its_job_is_killed(clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), rows(MANY))
    run = contacts.group_of(campaign, "Ditte", actor=clerk)
    assert isinstance(run, ContactRun)

    killed_at(6, lambda: contact_work.run(run.pk))
    for _time in range(2):
        contact_work.run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.rows, run.added) == (RunState.DONE, MANY, MANY)
    assert ContactGroup.objects.get(name="Ditte").contacts.count() == MANY
    assert ContactChange.objects.get(change=Change.GROUP_FILLED).facts == {"recipients": MANY, "added": MANY}


def test_a_large_group_becomes_a_list(jobs: Jobs, clerk: User) -> None:
    group, campaign = filled_group(clerk, MANY), build.draft(clerk)
    run = contacts.list_of(campaign, [group], actor=clerk)
    assert isinstance(run, ContactRun)

    jobs.run()

    run.refresh_from_db()
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert (run.state, campaign.recipients_total, campaign.list_name) == (RunState.DONE, MANY, f"{group.name}.csv")


def test_a_cancelled_job_keeps_what_it_has_done_and_does_no_more(clerk: User, tmp_path: Path) -> None:
    run = file_run(clerk, tmp_path, rows(MANY))
    killed_at(5, lambda: contact_work.run(run.pk))

    assert contact_runs.cancel(run)
    assert not contact_runs.cancel(run)
    contact_work.run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.rows) == (RunState.CANCELLED, 2 * contact_work.PART)
    assert Contact.objects.count() == run.rows


def test_a_list_that_is_replaced_meanwhile_ends_the_job_with_a_sentence(clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), rows(MANY))
    run = contacts.group_of(campaign, "Ditte", actor=clerk)
    assert isinstance(run, ContactRun)
    build.upload(campaign, build.CSV)

    contact_work.run(run.pk)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "replaced" in run.problem


def test_a_lost_job_is_taken_up_again_and_files_of_those_that_are_over_are_removed(
    jobs: Jobs, clerk: User, tmp_path: Path
) -> None:
    run = file_run(clerk, tmp_path, rows(MANY))
    jobs.clear()
    contact_runs.sweep()
    assert jobs.names() == []
    ContactRun.objects.update(alive_at=timezone.now() - 2 * contact_runs.LOST)

    contact_runs.sweep()
    assert jobs.names() == [contact_runs.TASK]
    jobs.run()
    contact_runs.sweep()

    run.refresh_from_db()
    assert (run.state, run.stored_as) == (RunState.DONE, "")


def test_without_a_list_there_is_no_group(clerk: User) -> None:
    with pytest.raises(Refusal, match="no list"):
        contacts.group_of(build.draft(clerk), "Ditte", actor=clerk)

    assert not ContactGroup.objects.exists()


def test_its_page_tells_how_far_it_is_and_cancels_it(clerk: User, tmp_path: Path, client: Client) -> None:
    run = file_run(clerk, tmp_path, rows(MANY))
    client.force_login(clerk)

    assert "It begins in a moment" in client.get(run.get_absolute_url()).content.decode()
    assert run.name in client.get("/campaigns/contacts/").content.decode()
    client.post(f"{run.get_absolute_url()}cancel/")

    assert "It was stopped" in client.get(run.get_absolute_url()).content.decode()
    answer = client.get(run.get_absolute_url(), headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
