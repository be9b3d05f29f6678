"""A program: visits to a portal whose settings name a provider, each told as JSON (name: what came of it).

It is a process of its own because the settings decide when it starts whether there is such a door.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.signin.provider import CLIENT, Bent, Provider, serve

if TYPE_CHECKING:
    from django.test import Client

LOGIN = "/account/oidc/elsewhere/login/"
BACK = "/account/oidc/elsewhere/login/callback/"
Told = dict[str, Any]
VISITS: dict[str, Callable[["Visitor"], Told]] = {}
FORGED: dict[str, Callable[[], Bent]] = {
    "good": Bent,
    "unsigned": lambda: Bent(signed_by="nobody"),
    "signed by another": lambda: Bent(signed_by="another"),
    "of a key it does not have": lambda: Bent(signed_by="another", header={"kid": "another"}),
    "signed with its public key": lambda: Bent(signed_by="its public key"),
    "over": lambda: Bent(claims={"exp": int(time.time()) - 60}),
    "not valid yet": lambda: Bent(claims={"nbf": int(time.time()) + 60}),
    "without an end": lambda: Bent(claims={"exp": None}),
    "an access token": lambda: Bent(header={"typ": "at+jwt"}),
    "a token for logging out": lambda: Bent(header={"typ": "logout+jwt"}),
    "for another": lambda: Bent(claims={"aud": "another"}),
    "for others too": lambda: Bent(claims={"aud": [CLIENT, "another"]}),
    "ordered by another": lambda: Bent(claims={"azp": "another"}),
    "for nobody": lambda: Bent(claims={"aud": None}),
    "of another issuer": lambda: Bent(claims={"iss": "https://evil.example"}),
    "of another visit": lambda: Bent(claims={"nonce": "x" * 64}),
    "of no visit": lambda: Bent(claims={"nonce": None}),
    "about somebody else": lambda: Bent(claims={"sub": "b2"}),
    "none": lambda: Bent(token=""),
    "no token": lambda: Bent(token="a.b.c"),
    "described as another": lambda: Bent(described={"issuer": "https://evil.example"}),
    "described with a slash": lambda: Bent(described={"issuer": os.environ["OIDC_URL"] + "/"}),
    "of an unverified address": lambda: Bent(person={"email_verified": False}),
    "of an unknown address": lambda: Bent(person={"email": "nessuno@portale.example"}),
}


class Visitor:
    """Somebody at a browser, and the provider that the portal sends them to."""

    def __init__(self, provider: Provider) -> None:
        from django.test import Client

        self.provider = provider
        self.client = Client()
        self.seen: list[str] = []  # all that came to the browser

    def go(self, bent: Bent | None = None) -> Told:
        """There and back; whether they are in."""
        self.provider.bent = bent or Bent()
        answer = self.note(self.client.post(LOGIN))
        if answer.status_code != 302:
            return {"status": answer.status_code, "in": self.is_in()}
        return self.come_back(self.provider.visit(answer["Location"]))

    def come_back(self, query: dict[str, str]) -> Told:
        """With what the provider gave the browser."""
        answer = self.note(self.client.get(BACK, query))
        return {"status": answer.status_code, "to": answer.headers.get("Location", ""), "in": self.is_in()}

    def is_in(self) -> bool:
        """Whether the first page is shown."""
        return bool(self.note(self.client.get("/")).status_code == 200)

    def note(self, answer: Any) -> Any:
        """Keep what the browser got."""
        self.seen += [answer.content.decode(), str(answer.headers), str(answer.cookies)]
        return answer


def visit(act: Callable[[Visitor], Told]) -> Callable[[Visitor], Told]:
    """One of the visits, by its name."""
    VISITS[act.__name__] = act
    return act


@visit
def a_question_first(visitor: Visitor) -> Told:
    answer = visitor.client.get(LOGIN)
    return {"status": answer.status_code, "asked": visitor.provider.asked, "in": visitor.is_in()}


@visit
def keys_that_come_along(visitor: Visitor) -> Told:
    provider = visitor.provider
    keys = {"jku": f"{provider.url}/forged", "x5u": f"{provider.url}/forged", "jwk": provider.published("another")}
    told = visitor.go(Bent(signed_by="another", header={"kid": "another", **keys}))
    return {**told, "asked": provider.asked}


@visit
def the_token_of_before(visitor: Visitor) -> Told:
    visitor.go()
    visitor.client.logout()
    return visitor.go(Bent(token=visitor.provider.handed_out[-1]))


@visit
def a_visit_that_another_began(visitor: Visitor) -> Told:
    attacker = Visitor(visitor.provider)
    query = visitor.provider.visit(attacker.client.post(LOGIN)["Location"])
    told = visitor.come_back(query)
    return {**told, "redeemed": "/token" in visitor.provider.asked}


@visit
def the_same_way_back_twice(visitor: Visitor) -> Told:
    query = visitor.provider.visit(visitor.client.post(LOGIN)["Location"])
    visitor.provider.bent = Bent(signed_by="another")
    visitor.come_back(query)
    visitor.provider.bent = Bent()
    return visitor.come_back(query)


@visit
def what_binds_it(visitor: Visitor) -> Told:
    places = [visitor.client.post(LOGIN)["Location"] for _time in range(2)]
    visitor.come_back(visitor.provider.visit(places[1]))
    return {"to": places, "proofs": visitor.provider.proofs}


@visit
def another_provider(visitor: Visitor) -> Told:
    urls = ["/account/oidc/another/login/", "/account/oidc/another/login/callback/?code=x&state=y"]
    return {"statuses": [visitor.client.post(urls[0]).status_code, visitor.client.get(urls[1]).status_code]}


@visit
def another_person_with_that_address(visitor: Visitor) -> Told:
    first = visitor.go()
    second = Visitor(visitor.provider).go(Bent(claims={"sub": "b2"}, person={"sub": "b2"}))
    return {"first": first["in"], "second": second["in"]}


@visit
def the_same_person_with_another_address(visitor: Visitor) -> Told:
    visitor.go()
    again = Visitor(visitor.provider)
    again.go(Bent(person={"email": "rossi@portale.example"}))
    return {"who": _who(again.client)}


@visit
def with_a_factor_of_ours(visitor: Visitor) -> Told:
    from django.urls import reverse

    from pecportal.organisations.models import User
    from tests.signin import people

    secret = people.authenticator(User.objects.get(email="anna@portale.example"))
    told = visitor.go()
    visitor.client.post(reverse("mfa_authenticate"), {"code": people.code(secret)})
    return {**told, "then": visitor.is_in()}


@visit
def an_operator_without_a_factor(visitor: Visitor) -> Told:
    told = visitor.go(Bent(claims={"sub": "o1"}, person={"sub": "o1", "email": "olga@portale.example"}))
    return {**told, "console": visitor.client.get("/admin/").headers.get("Location", "")}


@visit
def half_an_hour_later(visitor: Visitor) -> Told:
    from time_machine import travel

    told = visitor.go()
    with travel(time.time() + 31 * 60, tick=False):
        return {**told, "then": visitor.is_in()}


@visit
def what_the_browser_got(visitor: Visitor) -> Told:
    from allauth.socialaccount.models import SocialAccount, SocialToken

    told = visitor.go()
    kept = [*visitor.seen, str(dict(visitor.client.session)), str(list(SocialAccount.objects.values()))]
    leaked = [token[:12] for token in visitor.provider.handed_out if any(token in text for text in kept)]
    count = len(visitor.provider.handed_out)
    return {**told, "handed out": count, "leaked": leaked, "rows": SocialToken.objects.count()}


def _forged(bent: Callable[[], Bent]) -> Callable[[Visitor], Told]:
    return lambda visitor: visitor.go(bent())


def _who(client: "Client") -> str:
    from pecportal.organisations.models import User

    return str(User.objects.get(pk=client.session["_auth_user_id"]).email) if "_auth_user_id" in client.session else ""


@contextmanager
def undone() -> Iterator[None]:
    """What is done within leaves nothing."""
    from django.core.cache import cache
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


def main() -> None:
    """Make every visit, and tell of them."""
    with serve() as provider:
        os.environ.update(OIDC_URL=provider.url, OIDC_CLIENT_ID=CLIENT, OIDC_SECRET="x" * 40)
        import django

        django.setup()
        from django.db import connection
        from django.test.utils import setup_test_environment

        setup_test_environment()
        connection.settings_dict["TEST"]["MIGRATE"] = False
        connection.creation.create_test_db(verbosity=0, serialize=False)
        from pecportal.organisations.models import User

        User.objects.create_user("anna@portale.example")
        User.objects.create_user("rossi@portale.example")
        User.objects.create_superuser("olga@portale.example")
        told = {}
        for name, act in {**{name: _forged(bent) for name, bent in FORGED.items()}, **VISITS}.items():
            provider.asked, provider.handed_out, provider.proofs = [], [], []
            with undone():
                told[name] = act(Visitor(provider))
        json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
