"""Files that come in through pages, and what is told of those that were not taken."""

from pecportal.errors import Refusal
from pecportal.uploads import is_whole as is_whole
from pecportal.uploads import path_of as path_of
from pecportal.uploads import to_disk as to_disk


def told(name: str, refusal: Refusal) -> str:
    """Why one of several files was not taken: with its name, unless the sentence has it."""
    sentence = str(refusal)
    return sentence if name in sentence else f"{name}: {sentence}"
