#!/usr/bin/env python
"""Django's command line for pecportal."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pecportal.settings")
    from django.core.management import execute_from_command_line

    from pecportal.journal import origin

    origin.stay(origin.Door.COMMAND)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
