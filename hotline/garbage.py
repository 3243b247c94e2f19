"""When memory is looked through for garbage: seldom, and never all that stands from the start."""

import gc

# Objects made before the youngest are looked through, and how often that is before the older are, and all.
# All takes some 60 ms under 400 calls: about once a minute.
THRESHOLDS = (1_000, 10, 40)


def settled() -> None:
    """What stands by now stands to the end: looking through all of it for garbage took half a second each
    time, in which no caller was answered."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
