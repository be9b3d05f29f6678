"""The rows of a portal whose API is asked: one of everything, made by a program whose key this tells."""

import json

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from pecportal.organisations.models import Organisation  # noqa: E402
from tests import build  # noqa: E402
from tests.api import world  # noqa: E402
from tests.api.build import program  # noqa: E402

if __name__ == "__main__":
    call_command("migrate", interactive=False, verbosity=0)
    office = build.organisation()
    Organisation.objects.update(programs_daily_limit=10_000)
    user, key = program(office)
    objects = world.populate(office, user)
    print(json.dumps({"key": key.text, "mailbox": str(objects["mailbox"])}))
