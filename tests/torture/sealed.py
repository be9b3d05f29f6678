"""`python -m tests.torture.sealed make|look BOXES PAPERS`: seal much; or tell what carries the key, what is lost."""

import sys

import django

django.setup()

from django.conf import settings  # noqa: E402

from mailboxes import credentials, papers  # noqa: E402
from mailboxes.models import Mailbox, Paper  # noqa: E402
from mailboxes.models.papers import PaperKind  # noqa: E402
from pecportal import encryption, rotation  # noqa: E402
from tests import build  # noqa: E402
from tests.mailboxes import build as boxes  # noqa: E402


def make(count: int, kept: int) -> None:
    """Mailboxes with passwords, the first of which have papers."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # of people who never log in
    for number in range(count):
        box = build.mailbox(address=f"casella{number}@prova.example")
        if number < kept:
            boxes.paper(box, PaperKind.SIGNED_FORM, f"paper {number}".encode())


def look(count: int, kept: int) -> tuple[int, int]:
    """How many values carry the current key, and how many do not open to what they were."""
    lost = count - Mailbox.objects.count() + kept - Paper.objects.count()
    for box in Mailbox.objects.all():
        try:
            lost += credentials.of(box).password != build.PASSWORD
        except encryption.Unreadable:
            lost += 1
    for number, paper in enumerate(Paper.objects.order_by("pk")):
        try:
            lost += papers.contents(paper) != f"paper {number}".encode()
        except (encryption.Unreadable, OSError):
            lost += 1
    current = encryption.current_key()
    return sum(rotation.count(each).keys[current] for each in rotation.holders()), lost


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[2:]]
    if sys.argv[1] == "make":
        make(*numbers)
    else:
        print(*look(*numbers))
