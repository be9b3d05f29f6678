"""Sound files, damaged: the same seed damages the same file alike."""

import random
from collections.abc import Sequence
from typing import Final

NUMBERS: Final = (b"99999999", b"\xff\xff\xff\xff", b"\x84\x7f\xff\xff\xff", b"-1")


def changed(data: bytes, chance: random.Random, pieces: Sequence[bytes] = NUMBERS) -> bytes:
    """The file with something wrong: bytes changed, cut, doubled or moved, odd `pieces` put in."""
    found = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        if not found:
            break
        at = chance.randrange(len(found))
        length = chance.choice([1, 2, 8, 64, 512])
        match chance.randrange(6):
            case 0:
                found[at] ^= 1 << chance.randrange(8)
            case 1:
                found[at : at + length] = chance.randbytes(length)
            case 2:
                del found[at : at + length]
            case 3:
                found[at:at] = found[at : at + length]
            case 4:
                found[at : at + 2] = chance.choice(pieces)
            case _:
                found = found[: max(1, at)]
    return bytes(found)
