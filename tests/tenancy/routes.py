"""Every address of the portal, read from the resolver, and which object each of its arguments names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern

NOBODYS = 987_654_321
Arguments = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Route:
    """One address: its name with its namespace, its pattern, and its arguments' names."""

    name: str
    pattern: str
    arguments: tuple[str, ...]

    @property
    def is_admin(self) -> bool:
        """Whether it belongs to the operators' console."""
        return self.pattern.startswith("admin/")

    @property
    def is_api(self) -> bool:
        """Whether it is a resource for programs, which have a matrix of their own (tests/api)."""
        return self.name.startswith("api:") or self.name == "api_unknown"


def every() -> list[Route]:
    """All of them; an unnamed one has "" for its name."""
    return list(_walk(get_resolver(), "", "", ()))


def address(route: Route, objects: Arguments) -> str:
    """The address with these objects. Raises `LookupError` for an argument that no table declares."""
    given = {argument: objects[key] for argument, key in keys(route).items()}
    if route.name in ("", "admin:None"):  # the console's short address of an object, and its answer to all others
        before = route.pattern.partition("(?P<url>")[0]
        return "/" + before.replace("<path:object_id>", str(given.get("object_id", "")))
    return reverse(route.name, kwargs=given)


def nowhere(route: Route) -> str:
    """The same address with objects that never were, and with the words that its other arguments must be."""
    gone = {key: FIXED.get(key, NOBODYS) for key in keys(route).values()}
    return address(route, gone)


def keys(route: Route) -> dict[str, str]:
    """For each argument the name of the object in a world."""
    if route.is_admin:
        return {argument: ADMIN[argument] for argument in route.arguments}
    space, _, _name = route.name.rpartition(":")
    special = SPECIAL.get(route.name, {})
    return {argument: special.get(argument) or USUAL[f"{space}:{argument}"] for argument in route.arguments}


USUAL = {
    ":pk": "member",
    ":token": "token",
    ":uidb36": "token",
    ":key": "token",
    ":slug": "a kind of problem",
    "campaigns:pk": "campaign",
    "campaigns:message_pk": "message",
    "campaigns:mailbox_pk": "sender",
    "campaigns:attachment_pk": "attachment",
    "campaigns:decision_pk": "decision",
    "campaigns:incident_pk": "incident",
    "campaigns:file_pk": "own_file",
    "campaigns:intake_pk": "intake",
    "campaigns:text_pk": "text",
    "campaigns:version_pk": "version",
    "campaigns:letterhead_pk": "letterhead",
    "campaigns:sheet_pk": "sheet",
    "campaigns:cause": "a cause",
    "campaigns:kind": "a kind of file",
    "mailboxes:pk": "mailbox",
    "mailboxes:number": "paper",
    "mailboxes:page": "page",
    "mailboxes:step": "a step",
    "mailboxes:kind": "a kind of paper",
    "mailboxes:token": "token",
    "registers:pk": "look-up",
    "journal:kind": "a kind of file",
    "webhooks:pk": "webhook",
    "webhooks:delivery_pk": "delivery",
}
SPECIAL: dict[str, dict[str, str]] = {
    **{f"campaigns:{name}": {"pk": "contact"} for name in ("contact", "contact_remove")},
    **{f"campaigns:{name}": {"pk": "receipt"} for name in ("desk_item", "desk_link", "desk_aside", "desk_undo")},
    **{f"campaigns:{name}": {"pk": "drafted"} for name in ("attachment", "detach", "own_file", "own_place")},
    **{f"campaigns:{name}": {"pk": "drafted"} for name in ("own_cancel", "sheet", "sheet_pdf")},
    "campaigns:group_remove": {"pk": "group"},
    **{f"campaigns:{name}": {"pk": "run"} for name in ("contact_run", "contact_run_cancel")},
    "mailboxes:adopt": {"pk": "found"},
    **{name: {"pk": "program"} for name in ("program", "program_change", "program_key", "program_end")},
    **{name: {"pk": "program's key"} for name in ("key_rotate", "key_revoke")},
    **{name: {"pk": "key"} for name in ("mfa_remove_webauthn", "mfa_edit_webauthn")},
    **{name: {"pk": "invitation"} for name in ("invitation_again", "invitation_revoke")},
}
ADMIN = {
    "object_id": "row",
    "id": "row",
    "pk": "row",
    "name": "a desk",
    "content_type_id": "content type",
    "app_label": "an app",
    "url": "row",
}
FIXED: dict[str, object] = {  # words that are no objects: the same for everybody
    "a cause": "mailbox_full",
    "a kind of file": "csv",
    "a step": "applicant",
    "a kind of paper": "identity",
    "page": 1,
    "token": "nosuchtoken",
    "an app": "campaigns",
    "a desk": "stuck",
    "a kind of problem": "invalid",
    "content type": 1,
}


def _walk(resolver: URLResolver, before: str, space: str, above: tuple[str, ...]) -> Iterator[Route]:
    for each in resolver.url_patterns:
        pattern, names = f"{before}{each.pattern}", (*above, *_arguments(each.pattern))
        if isinstance(each, URLResolver):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from _walk(each, pattern, inner, names)
        elif isinstance(each, URLPattern):
            name = each.name or ("None" if space == "admin:" else "")
            yield Route(f"{space}{name}" if name else "", pattern, names)


def _arguments(pattern: Any) -> tuple[str, ...]:
    if isinstance(pattern, RoutePattern):
        return tuple(pattern.converters)
    if isinstance(pattern, RegexPattern):
        return tuple(pattern.regex.groupindex)
    if isinstance(pattern, LocalePrefixPattern):
        return ()
    raise TypeError(f"A pattern of an unknown kind: {pattern!r}")
