"""An OpenID Connect provider over HTTP, whose answers a test may bend."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT = "portal"
SUBJECT = "f3a1"


@dataclass
class Bent:
    """What the provider, or whoever stands in its place, does otherwise than it should."""

    claims: dict[str, Any] = field(default_factory=dict)  # of the ID token; None leaves one out
    header: dict[str, Any] = field(default_factory=dict)
    signed_by: str = "itself"  # or "another", "nobody", "its public key"
    described: dict[str, Any] = field(default_factory=dict)
    person: dict[str, Any] = field(default_factory=dict)
    token: str | None = None  # this ID token in the place of a new one; "" for none


class Provider:
    """One, which knows Anna."""

    def __init__(self) -> None:
        self.keys = {name: rsa.generate_private_key(65537, 2048) for name in ("itself", "another")}
        self.bent = Bent()
        self.url = ""
        self.asked: list[str] = []  # paths, in their order
        self.handed_out: list[str] = []  # codes' tokens, access and ID tokens
        self.proofs: list[bool] = []  # whether each code came with the verifier of its challenge
        self._challenge = self._nonce = ""

    def visit(self, location: str) -> dict[str, str]:
        """Somebody comes with the address that they were sent to, and goes back with this query."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self._challenge, self._nonce = query["code_challenge"], query.get("nonce", "")
        return {"code": secrets.token_urlsafe(16), "state": query["state"]}

    def description(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, section 3."""
        ends = {f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token", "userinfo")}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **ends, **self.bent.described}

    def tokens(self, body: dict[str, str]) -> dict[str, Any]:
        """The answer to a code."""
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        self.proofs.append(base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self._challenge)
        told = {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer", "expires_in": 300}
        id_token = self.id_token() if self.bent.token is None else self.bent.token
        self.handed_out += [str(told["access_token"]), id_token]
        return {**told, "id_token": id_token} if id_token else told

    def person(self) -> dict[str, Any]:
        """Who it is, to whoever has the access token."""
        return {"sub": SUBJECT, "email": "anna@portale.example", "email_verified": True, **self.bent.person}

    def id_token(self) -> str:
        """OpenID Connect Core 1.0, section 2."""
        now = int(time.time())
        good = {"iss": self.url, "sub": SUBJECT, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": self._nonce}
        claims = {name: value for name, value in {**good, **self.bent.claims}.items() if value is not None}
        header = {"kid": "itself", **self.bent.header}
        match self.bent.signed_by:
            case "nobody":
                return _written({"alg": "none", **header}, claims) + "."
            case "its public key":
                text = _written({"alg": "HS256", **header}, claims)
                shape = serialization.PublicFormat.SubjectPublicKeyInfo
                public = self.keys["itself"].public_key().public_bytes(serialization.Encoding.PEM, shape)
                return f"{text}.{_coded(hmac.new(public, text.encode(), 'sha256').digest())}"
            case name:
                return jwt.encode(claims, self.keys[name], algorithm="RS256", headers=header)

    def published(self, name: str) -> dict[str, Any]:
        """A key as others may have it, RFC 7517."""
        key = RSAAlgorithm.to_jwk(self.keys[name].public_key(), as_dict=True)
        return {**key, "kid": name, "alg": "RS256", "use": "sig"}

    def answer(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        """Whatever is asked."""
        self.asked.append(path)
        match path:
            case "/.well-known/openid-configuration":
                return self.description()
            case "/token":
                return self.tokens(body)
            case "/userinfo":
                return self.person()
            case "/keys":
                return {"keys": [self.published("itself")]}
            case _:
                return {"keys": [self.published("another")]}  # where a forged token says that its keys are


@contextmanager
def serve() -> Iterator[Provider]:
    """A provider that listens on a free port of this machine."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._tell({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._tell({name: values[0] for name, values in parse_qs(text).items()})

        def _tell(self, body: dict[str, str]) -> None:
            told = json.dumps(provider.answer(urlsplit(self.path).path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


def _written(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(_coded(json.dumps(part).encode()) for part in (header, claims))


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
