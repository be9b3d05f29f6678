"""Signing in: OAuth v2 and v1 tokens, and which token opens what (oauthv2.openapi.json, oauth.openapi.json).

Tokens live in real seconds, whatever the sandbox's clock does: they belong to the connection, not to the story.
"""

import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.routing import Answer, Request, Route, as_json, done, refused

HOSTS: Final = {"pec": "pec.openapi.it", "massiva": "ws.pecmassiva.com", "company": "company.openapi.com"}
_SCOPES: Final = {
    "pec": ("GET verifica_pec", "GET pec", "POST pec", "PATCH pec", "DELETE pec", "GET domini_pec"),
    "massiva": ("GET send", "POST send", "DELETE send", "GET inbox", "DELETE inbox", "GET quota"),
    "company": ("GET IT-pec",),
}
_TTL: Final = 2_592_000
_LONGEST_TTL: Final = 31_536_000
_TOKEN: Final = re.compile("[0-9a-f]{24}")


@dataclass(slots=True)
class Token:
    """A token, what it opens and until when (Unix seconds), and whose account it belongs to."""

    token: str
    refresh: str
    name: str
    scopes: tuple[str, ...]
    created: float
    updated: float
    expires: float
    owner: str = ""

    def opens(self, method: str, host: str, segment: str) -> bool:
        """Whether it is good for this call; asterisks in scopes stand for anything, the test system for itself."""
        wanted = {f"{method}:{host}/{segment}", f"{method}:test.{host}/{segment}"}
        return any(fnmatchcase(each, scope) for each in wanted for scope in self.scopes)

    def as_v2(self) -> dict[str, Any]:
        """The token in the words of OAuth v2."""
        return {
            "token": self.token,
            "name": self.name,
            "createdAt": _iso(self.created),
            "expireAt": _iso(self.expires),
            "updatedAt": _iso(self.updated),
            "scopes": list(self.scopes),
            "refreshToken": self.refresh,
        }

    def as_v1(self) -> dict[str, Any]:
        """The token in the words of OAuth v1."""
        return {"scopes": list(self.scopes), "expire": int(self.expires), "token": self.token}


class SignIn:
    """Mints tokens for the account, and judges them."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._tokens: dict[str, Token] = {}

    def routes(self) -> list[Route]:
        """The paths of both versions."""
        return [
            Route("POST", "/tokens", self._create),
            Route("GET", "/tokens", self._list),
            Route("GET", "/tokens/{}", self._show),
            Route("PATCH", "/tokens/{}", self._refresh),
            Route("DELETE", "/tokens/{}", self._delete),
            Route("GET", "/wallet", self._wallet),
            Route("GET", "/scopes", self._all_scopes),
            Route("POST", "/token", self._create_v1),
            Route("GET", "/token/{}", self._show_v1),
            Route("DELETE", "/token/{}", self._delete_v1),
            Route("GET", "/credit", self._credit_v1),
        ]

    def permits(self, request: Request, api: str) -> bool:
        """Whether the request's Bearer token opens this call of `api`."""
        token = self._tokens.get(request.bearer())
        segment = request.path.split("/")[1]
        return token is not None and token.expires > time.time() and token.opens(request.method, HOSTS[api], segment)

    def owner_of(self, request: Request) -> str:
        """The e-mail address of the account whose token the request bears; "" for none."""
        token = self._tokens.get(request.bearer())
        return token.owner if token else ""

    def forget(self) -> None:
        """Make every token invalid."""
        with self._behaviour.lock:
            self._tokens.clear()

    def _create(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        body = request.json()
        scopes = body.get("scopes")
        if not scopes:
            return refused(422, 70, "missing scopes array")
        if not _is_list_of_text(scopes):
            return refused(422, 80, "invalid scopes format")
        if not self._are_known(scopes):
            return refused(422, 90, "Invalid scopes specified or API not enabled")
        token = self._mint(scopes, body, self._owner(request))
        if self._behaviour.v2_under == "data":
            return done(token.as_v2())
        return as_json(200, token.as_v2())

    def _list(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        return done([token.as_v2() for token in list(self._tokens.values())])

    def _show(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        if not _TOKEN.fullmatch(request.arguments[0]):
            return refused(422, 60, "Invalid Token Format")
        token = self._tokens.get(request.arguments[0])
        return done(token.as_v2()) if token else refused(404, 120, "Not Found")

    def _refresh(self, request: Request) -> Answer:
        """Change a token; by its refresh token, replace it with a new one."""
        token = self._tokens.get(request.arguments[0])
        bearer = request.bearer()
        if bearer:
            if token is None or not hmac.compare_digest(bearer.encode(), token.refresh.encode()):
                return refused(401, 130, "Unauthorized")
            self._drop(token.token)
            return as_json(200, self._mint(token.scopes, {"name": token.name} | request.json(), token.owner).as_v2())
        if not self._is_owner(request):
            return _unauthorized()
        if token is None:
            return refused(404, 160, "Not Found")
        body = request.json()
        scopes = body.get("scopes", list(token.scopes))
        if not _is_list_of_text(scopes):
            return refused(422, 100, "invalid scopes format")
        if not self._are_known(scopes):
            return refused(422, 110, "Invalid scopes specified or API not enabled")
        token.scopes, token.updated = tuple(scopes), time.time()
        if "ttl" in body:
            token.expires = token.updated + _ttl(body)
        return as_json(200, token.as_v2())

    def _delete(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        if not self._drop(request.arguments[0]):
            return refused(404, 180, "Not Found")
        return as_json(200, {"message": "Deleted", "data": None})

    def _wallet(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        credit = float(self._behaviour.credit_of(self._owner(request)))
        now = _iso(time.time())
        return as_json(200, {"data": {"credit": credit, "createdAt": now, "updatedAt": now}})

    def _all_scopes(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        known = [_scope(each, api) for api in self._behaviour.activated for each in _SCOPES[api]]
        return done(known)

    def _create_v1(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        body = request.json()
        scopes = body.get("scopes")
        if not scopes or not _is_list_of_text(scopes):
            return refused(406, 110, "missing scopes array")
        if not self._are_known(scopes):
            return refused(406, 270, "invalid scopes specified")
        token = self._mint(scopes, body, self._owner(request))
        return as_json(200, token.as_v1() | {"success": True, "message": "", "error": None})

    def _show_v1(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        token = self._tokens.get(request.arguments[0])
        return done([token.as_v1()]) if token else refused(402, 125, "Wrong Token")

    def _delete_v1(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        if not self._drop(request.arguments[0]):
            return refused(404, 150, "Missing Token")
        return as_json(200, {"message": "1 deleted token", "success": True, "error": None})

    def _credit_v1(self, request: Request) -> Answer:
        if not self._is_owner(request):
            return _unauthorized()
        return done({"credit": float(self._behaviour.credit_of(self._owner(request)))})

    def _is_owner(self, request: Request) -> bool:
        return bool(self._owner(request))

    def _owner(self, request: Request) -> str:
        """The e-mail address of the account that signs in by HTTP Basic; "" when there is no such account."""
        given = request.basic()
        if given is None:
            return ""
        accounts = {self._behaviour.email: self._behaviour.api_key, **self._behaviour.others}
        told = f"{given[0].lower()}:{given[1]}".encode()
        for email, key in accounts.items():
            if hmac.compare_digest(told, f"{email.lower()}:{key}".encode()):
                return email
        return ""

    def _mint(self, scopes: list[str] | tuple[str, ...], body: dict[str, Any], owner: str) -> Token:
        now, ends = time.time(), time.time() + _ttl(body)
        name = str(body.get("name") or "")
        token = Token(secrets.token_hex(12), secrets.token_hex(12), name, tuple(scopes), now, now, ends, owner)
        with self._behaviour.lock:
            self._tokens[token.token] = token
        return token

    def _drop(self, token: str) -> bool:
        with self._behaviour.lock:
            return self._tokens.pop(token, None) is not None

    def _are_known(self, scopes: list[str]) -> bool:
        known = [_scope(each, api) for api in self._behaviour.activated for each in _SCOPES[api]]
        known += [scope.replace(":", ":test.", 1) for scope in known]
        return all(any(fnmatchcase(each, scope) for each in known) for scope in scopes)


def _scope(method_and_segment: str, api: str) -> str:
    method, segment = method_and_segment.split()
    return f"{method}:{HOSTS[api]}/{segment}"


def _ttl(body: dict[str, Any]) -> int:
    wish = body.get("ttl")
    return min(wish, _LONGEST_TTL) if type(wish) is int and wish > 0 else _TTL


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _unauthorized() -> Answer:
    return refused(401, 140, "Unauthorized")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
