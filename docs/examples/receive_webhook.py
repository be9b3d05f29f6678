"""Take webhooks of the portal: check the signature, answer quickly, take each event once. Python's own library alone.

PORTAL_WEBHOOK_SECRET=whsec_… python receive_webhook.py      # listens on 127.0.0.1:8080, behind your https proxy
"""

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE = 5 * 60  # seconds: an older call is one that somebody repeats


def verified(body: bytes, headers: Mapping[str, str], secret: str, *, now: float | None = None) -> dict:
    """The event, if one of the signatures is right and the call is fresh. Raises ValueError otherwise.

    `body` are the bytes as they came, `headers` those of the call (here with names in lower case).
    """
    key, sent_at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs((time.time() if now is None else now) - int(sent_at)) > TOLERANCE:
        raise ValueError("The call is too old, or one of the clocks is wrong.")
    secret_key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([key.encode(), sent_at.encode(), body])
    wanted = base64.b64encode(hmac.new(secret_key, signed, hashlib.sha256).digest()).decode()
    for one in headers["webhook-signature"].split(" "):  # several while the secret changes
        version, _, signature = one.partition(",")
        if version == "v1" and hmac.compare_digest(signature, wanted):
            return json.loads(body)
    raise ValueError("No signature is right: the call is not from the portal, or the secret is another one.")


class Receiver(BaseHTTPRequestHandler):
    """One address that takes them."""

    secret = os.environ.get("PORTAL_WEBHOOK_SECRET", "")
    seen: set[str] = set()  # yours is a table with a unique column: the same event may come again  # noqa: RUF012

    def do_POST(self) -> None:
        """Check, remember, answer 204; the work itself is done afterwards, or the portal calls again after 10 s."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = verified(body, {name.lower(): value for name, value in self.headers.items()}, self.secret)
        except (ValueError, KeyError):
            status = 401
        else:
            status = 204
            if event["id"] not in self.seen:
                self.seen.add(event["id"])
                print(event["type"], event["data"])
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()
