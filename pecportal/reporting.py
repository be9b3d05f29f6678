"""Errors told to Sentry, where SENTRY_DSN is set and the extra `sentry` is there: what broke and where, and no more.

No bodies, cookies, headers, users, local variables, breadcrumbs or traces leave; an exception's words only where they
are a system's own (`logs.words`); every other text without addresses and credentials.
"""

from typing import Any, Final

from pecportal import logs

_KEPT: Final = ("event_id", "timestamp", "level", "platform", "logger", "environment", "release", "exception")
_FRAME: Final = ("filename", "module", "function", "lineno", "in_app")


def start(dsn: str, *, environment: str) -> None:
    """Begin to tell; ImportError without the extra."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        send_client_reports=False,
        auto_session_tracking=False,
        server_name="",
        before_send=scrubbed,
    )


def scrubbed(event: Any, hint: dict[str, Any]) -> Any:
    """The event as it leaves: only what is named here, none of it with anybody's data."""
    kept = {name: event[name] for name in _KEPT if name in event}
    info = hint.get("exc_info")
    said = _said(info[1]) if info else {}
    for one in kept.get("exception", {}).get("values", ()):
        one["value"] = said.get(str(one.get("type")), "")
        one.pop("mechanism", None)
        frames = (one.get("stacktrace") or {}).get("frames") or []
        one["stacktrace"] = {"frames": [{name: frame[name] for name in _FRAME if name in frame} for frame in frames]}
    entry = event.get("logentry") or {}
    if entry.get("message"):
        kept["message"] = logs.clean(str(entry["message"]))  # the words of our sources, before values are put in
    kept["tags"] = logs.ids()
    method = (event.get("request") or {}).get("method")
    if method:
        kept["request"] = {"method": method}
    return kept


def _said(exc: BaseException | None) -> dict[str, str]:
    found: dict[str, str] = {}
    while exc is not None and len(found) < 20:
        found.setdefault(type(exc).__name__, logs.words(exc))
        exc = exc.__cause__ or exc.__context__
    return found
