"""A hook of schemathesis (`SCHEMATHESIS_HOOKS`): no two of its requests have the same Idempotency-Key.

An answer that is given again may tell of something that was removed meanwhile, which it would call a fault.
"""

import re
import uuid
from typing import Any, Final

import schemathesis

_GOOD: Final = re.compile(r"[!-~]{1,200}")


@schemathesis.hook
def map_headers(context: schemathesis.HookContext, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """Make a key that is one its own."""
    key = (headers or {}).get("Idempotency-Key")
    if headers and isinstance(key, str) and _GOOD.fullmatch(key):
        headers["Idempotency-Key"] = f"{key}{uuid.uuid4().hex}"
    return headers
