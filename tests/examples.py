"""The programs of docs/examples/, loaded as a reader of the manual would run them."""

import importlib.util
from types import ModuleType

from django.conf import settings


def load(name: str) -> ModuleType:
    """A fresh module. Raises `FileNotFoundError`."""
    path = settings.BASE_DIR / "docs" / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
