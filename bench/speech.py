"""bin/bench speech: the voices, the catalogue, and what joining costs in a call."""

from bench import engines, joins
from bench.table import show


async def run() -> None:
    show("voices: work for a second of speech, and the whole catalogue", await engines.measured())
    show(
        f"in a call: beyond the sound itself ({joins.CALLS} calls at once, {joins.EACH} sentences each)",
        await joins.measured(),
    )
