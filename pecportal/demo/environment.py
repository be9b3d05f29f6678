"""The settings of a demo: a folder, a database and a vendor of its own, and a clock that runs faster."""

import base64
import secrets
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BASE: Final = Path(__file__).resolve().parent.parent.parent
MARK: Final = "PECPORTAL_DEMO"
CLOCK_SPEED: Final = 3600  # an hour passes each second
RATE: Final = 20  # messages a second, instead of the vendor's one
OFFICE_HOURS: Final = 8  # until the simulated back office has looked at the documents
ACCOUNT: Final = "ufficio@prova.example"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo listens, on 127.0.0.1."""

    web: int
    sandbox: int


def environment(ports: Ports, folder: Path) -> dict[str, str]:
    """The environment variables of every process of a demo; nothing of the installation's own settings is left."""
    vendor = f"http://127.0.0.1:{ports.sandbox}"
    keys = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {
        MARK: "1",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ENCRYPTION_KEYS": f"demo:{keys}",
        "DEBUG": "off",
        "MANIFEST_STATIC": "off",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "PORTAL_URL": f"http://localhost:{ports.web}",
        "HTTPS": "off",
        "PORTAL_DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "REDIS_URL": "",
        "QUEUE_BROKER": "orm",
        "EMAIL_URL": "consolemail://",
        "SECOND_FACTOR_REQUIRED": "off",  # one may be set up, to see how
        "LOG_LEVEL": "WARNING",
        "OPENAPI_ENV": "sandbox",
        "OPENAPI_PEC_URL": vendor,
        "OPENAPI_MASSIVA_URL": vendor,
        "OPENAPI_COMPANY_URL": vendor,
        "OPENAPI_OAUTH_URL": vendor,
        "OPENAPI_OAUTH_VERSION": "2",
        "OPENAPI_EMAIL": ACCOUNT,
        "OPENAPI_API_KEY": secrets.token_urlsafe(24),
        "OPENAPI_TOKEN": "",
        "CLOCK_SPEED": str(CLOCK_SPEED),
        "CLOCK_ORIGIN": str(int(time.time())),
        "SENDING_RATE": str(RATE),
        "SENDING_UNDO_SECONDS": "0",
        "SENDING_BREAKER_SECONDS": "0.5,1,2,5",
        "SENDING_RETRY_SECONDS": "0.5",
        "SENDING_HOLD_SECONDS": "2",
        "TRACKING_SECONDS": "2",
        "TRACKING_IDLE_SECONDS": "30",
        "PYTHONWARNINGS": "default",
    }


def fresh_folder() -> Path:
    """An empty folder for this demo; what an earlier one left is removed, since its vendor is forgotten, too."""
    folder = BASE / "var" / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
