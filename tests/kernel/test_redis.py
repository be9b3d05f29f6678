"""The queue on Redis, when a server was given."""

import os
import secrets
import subprocess
import sys
import tempfile

import pytest

from tests.worlds import ROOT

REDIS = os.environ.get("TEST_BROKER_URL", "")
pytestmark = pytest.mark.skipif(not REDIS, reason="no Redis was given (TEST_REDIS_URL)")

RING = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from django_q.brokers import get_broker
from django_q.signing import SignedPackage
from pecportal.queue import enqueue
enqueue("campaigns.tasks.freeze", 7)
broker = get_broker()
(ident, package), = broker.dequeue()
task = SignedPackage.loads(package)
print(type(broker).__name__, task["func"], task["args"], broker.queue_size())
broker.delete_queue()
"""


def test_a_job_rung_on_redis_arrives_as_it_was_asked_for() -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "pecportal.settings",
            "PORTAL_DATA_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
            "QUEUE_BROKER": "redis",
            "REDIS_URL": REDIS,
            "QUEUE_NAME": f"test-{secrets.token_hex(8)}",
        }
        done = subprocess.run(
            [sys.executable, "-c", RING], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120
        )

    assert done.stdout.split() == ["Redis", "campaigns.tasks.freeze", "(7,)", "0"], done.stderr
