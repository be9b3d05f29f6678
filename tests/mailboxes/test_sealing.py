"""Rotating keys: everything sealed opens with the new key alone afterwards, however often the rotation broke off."""

import base64
import io

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from pytest_django import Settings

from mailboxes import credentials, papers
from mailboxes.models import Mailbox, Paper
from mailboxes.models.papers import PaperKind
from pecportal import encryption, rotation
from tests import build as kernel
from tests.mailboxes import build

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "nuova:" + base64.urlsafe_b64encode(b"n" * 32).decode()


class Broken(Exception):
    """As if the process had been killed."""


@pytest.fixture
def boxes() -> list[Mailbox]:
    """Five mailboxes with passwords and a paper each, sealed with the installation's key."""
    rows = [kernel.mailbox(address=f"casella{number}@prova.example") for number in range(5)]
    for number, row in enumerate(rows):
        build.paper(row, PaperKind.SIGNED_FORM, f"paper {number}".encode())
    return rows


def rotate(*, count: bool = False) -> tuple[int, str]:
    """Exit status of the command, and what it printed."""
    out, status = io.StringIO(), 0
    try:
        call_command("rotate_keys", count=count, stdout=out, stderr=out)
    except SystemExit as exc:
        status = int(str(exc.code))
    return status, out.getvalue()


def assert_all_open(boxes: list[Mailbox]) -> None:
    assert {credentials.of(build.fresh(row)).password for row in boxes} == {kernel.PASSWORD}
    told = [papers.contents(paper) for paper in Paper.objects.order_by("pk")]
    assert told == [f"paper {number}".encode() for number in range(5)]


def test_everything_opens_with_the_new_key_alone_afterwards(settings: Settings, boxes: list[Mailbox]) -> None:
    old = settings.ENCRYPTION_KEYS[0]
    settings.ENCRYPTION_KEYS = [NEW, old]
    assert rotate(count=True)[0] == 1
    before = set(Paper.objects.values_list("stored_as", flat=True))

    status, told = rotate()

    assert status == 0
    assert "passwords: 5 sealed anew; by key: nuova 5" in told
    assert "papers: 5 sealed anew; by key: nuova 5" in told
    settings.ENCRYPTION_KEYS = [NEW]
    assert_all_open(boxes)
    assert not any(default_storage.exists(name) for name in before)
    assert rotate() == (0, told.replace("5 sealed anew", "0 sealed anew"))


@pytest.mark.parametrize("done", [1, 3])
def test_one_that_breaks_off_leaves_everything_open_and_goes_on(
    settings: Settings, boxes: list[Mailbox], done: int
) -> None:
    settings.ENCRYPTION_KEYS = [NEW, settings.ENCRYPTION_KEYS[0]]

    def killed(outcome: rotation.Outcome) -> None:
        if outcome.resealed == done:
            raise Broken

    for holder in rotation.holders():
        if rotation.count(holder).keys:
            with pytest.raises(Broken):
                rotation.rotate(holder, told=killed)
    assert_all_open(boxes)

    status, told = rotate()

    assert status == 0
    assert f"passwords: {5 - done} sealed anew" in told
    settings.ENCRYPTION_KEYS = [NEW]
    assert_all_open(boxes)


def test_what_no_key_opens_is_named_and_keeps_the_others_from_nothing(settings: Settings, boxes: list[Mailbox]) -> None:
    lost = Paper.objects.order_by("pk")[0]
    default_storage.delete(lost.stored_as)
    Mailbox.objects.filter(pk=boxes[1].pk).update(password_sealed="verlorene:AAAA")
    settings.ENCRYPTION_KEYS = [NEW, settings.ENCRYPTION_KEYS[0]]

    status, told = rotate()

    assert status == 1
    assert f"passwords: 1 cannot be opened; rows {boxes[1].pk}" in told
    assert f"papers: 1 cannot be opened; rows {lost.pk}" in told
    assert "nuova 4, verlorene 1" in told


def test_a_password_that_is_entered_meanwhile_is_not_overwritten(settings: Settings, boxes: list[Mailbox]) -> None:
    column = next(each for each in rotation.holders() if each.name == "passwords")
    assert isinstance(column, rotation.Column)
    settings.ENCRYPTION_KEYS = [NEW, settings.ENCRYPTION_KEYS[0]]

    class Slow(rotation.Column):
        """A rotation in which a person enters another password between reading and writing."""

    def entered(pk: int) -> str:
        if not hasattr(Slow, "did"):
            Slow.did = True  # type: ignore[attr-defined]
            credentials.enter(boxes[0], username="x", password="un'altra", actor=boxes[0].created_by)
        return column.context(pk)

    slow = Slow(column.name, column.model, column.column, entered)
    assert slow.reseal(boxes[0].pk) is False
    assert credentials.of(build.fresh(boxes[0])).password == "un'altra"


def test_every_place_that_seals_is_named_to_the_rotation() -> None:
    """Columns called `…_sealed`, of any model, are found here; one that is not named would lose its key."""
    from django.apps import apps

    columns = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if field.name.endswith("_sealed")
    }
    named = {(each.model, each.column) for each in rotation.holders() if isinstance(each, rotation.Column)}
    assert columns == named
    assert encryption.key_of("a:b") == "a"
