"""A worker of a fault test: the real one, with a trap set or a rule broken: `python -m tests.torture.worker`.

TORTURE holds JSON: `point`, `nth`, `how`, `sleep` (all or none of the four), and `wrong`, a variant's name.
"""

import json
import os
import sys
from pathlib import Path

import django
from django.conf import settings

LANE = "all"
os.environ["Q_CLUSTER_NAME"] = f"{settings.Q_CLUSTER['name']}-{LANE}"  # before the queue's library is imported
django.setup()

from pecportal import worker  # noqa: E402
from tests.torture import points, wrong  # noqa: E402


def main() -> int:
    """Set the trap, break the rule, work."""
    plan = json.loads(os.environ.get("TORTURE", "{}"))
    if plan.get("wrong"):
        wrong.VARIANTS[plan["wrong"]]()
    if plan.get("point"):
        folder = Path(os.environ["PORTAL_DATA_DIR"])
        points.install(points.Trap(plan["point"], nth=plan["nth"], how=plan["how"], folder=folder, sleep=plan["sleep"]))
    return worker.serve(LANE)


if __name__ == "__main__":
    sys.exit(main())
