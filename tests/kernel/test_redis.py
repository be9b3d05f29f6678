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
from pecportal import hosts
from pecportal.queue import enqueue, oldest_wait, queue_of, ring_canary
enqueue("campaigns.tasks.freeze", 7)
enqueue("campaigns.tasks.pump")
waited = [oldest_wait(lane) for lane in ("rest", "sending", "tracking")]
everything = get_broker(queue_of("all"))
(ident, first), = everything.dequeue()  # the most urgent lane's, though it was rung later
broker = get_broker()
(ident, package), = broker.dequeue()
task = SignedPackage.loads(package)
print(SignedPackage.loads(first)["func"], [seconds is not None and 0 <= seconds < 60 for seconds in waited])
print(type(broker).__name__, task["func"], task["args"], broker.queue_size())
broker.delete_queue()
ring_canary("sending", host=hosts.name())
own = get_broker(f"{queue_of('sending')}@{hosts.name()}")
print(own.queue_size(), own.connection.ttl(own.list_key) > 3000)
(ident, package), = get_broker(queue_of("sending")).dequeue()
print(SignedPackage.loads(package)["args"] == ("sending", hosts.name()))
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

    assert done.stdout.splitlines() == [
        "campaigns.tasks.pump [True, True, False]",
        "Lists campaigns.tasks.freeze (7,) 0",
        "1 True",
        "True",
    ], done.stderr
