"""Python's collector of cycles, told what stays for good: else it looks through all of it again and again, and holds up
every thread meanwhile.
"""

import gc
from typing import Final

AFTER: Final = 10_000  # new objects until it looks through the young ones


def spare() -> None:
    """Leave out of its rounds whatever is there now, and have them come less often; called before anything is forked,
    the copies share that memory, too.
    """
    gc.freeze()
    gc.set_threshold(AFTER)
