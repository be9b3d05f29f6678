"""Which machine this process runs on, and what tells its processes from those of other machines."""

import uuid

from django.conf import settings

LONGEST = 30


def name() -> str:
    """This machine's name: the setting HOST_NAME, or what the machine calls itself; at most 30 characters."""
    return str(settings.HOST_NAME).replace(":", "-").replace("@", "-")[:LONGEST]


def holder() -> str:
    """A name for whoever takes a lease: the machine's, and bits that no other holder has. At most 63 characters."""
    return f"{name()}:{uuid.uuid4().hex}"
