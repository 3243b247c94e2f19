"""hotline prompts list: every sentence, how long it is, and in whose voice it is heard."""

from collections import Counter
from collections.abc import Sequence

from hotline.prompts.stock import pieces
from hotline.prompts.table import print_table
from ivr.call import Track
from ivr.dialplan import CORE_SOUNDS
from ivr.prompts import catalogue, lasting, reckoned
from ivr.rendering import FIRST_GUESS
from ivr.speech import Voice, whole
from ivr.words import Clip

HEAD = ("name", "text", "reckoned s", "measured s", "limit s", "state")
STATES = ("missing", "fallback", "rendered", "recorded")  # the worst first


def list_all(voice: Voice, track: Track) -> int:
    """Print the sentences with their fixed pieces, how many are in which state, and the minutes left."""
    rows = [_row(voice, track, one.name, one.text, one.pieces, one.most_s) for one in catalogue().sentences]
    rows += [_row(voice, track, one.key, CORE_SOUNDS[one.key], [one]) for one in whole(CORE_SOUNDS)]
    print_table([HEAD, *rows])
    print(counted(voice, track))
    return 0


def counted(voice: Voice, track: Track) -> str:
    """One line: how many pieces of a track are in which state."""
    states = Counter(voice.state(piece.clip, track) for piece in pieces())
    name = "slow track" if track.slow else "usual track"
    told = [f"{states['recorded']} recorded", f"{states['rendered']} rendered by {voice.name}"]
    if voice.better:
        told.append(f"{states['fallback']} stale (in the quick voice)")
    told.append(f"{states['missing']} missing")
    left = sum(lasting(piece.clip, slow=track.slow) for piece in pieces() if voice.wants(piece.clip, track))
    if left and voice.better:
        minutes = -(-int(left * FIRST_GUESS / voice.better.lanes) // 60)
        told.append(f"about {minutes} min to render")
    return f"{name}: {states.total()} pieces: {', '.join(told)}"


def _row(
    voice: Voice,
    track: Track,
    name: str,
    text: str,
    parts: Sequence[Clip | str],
    most_s: float | None = None,
) -> tuple[str, ...]:
    """Its fixed pieces: what fills its slots is neither reckoned, measured nor judged."""
    own = [part for part in parts if isinstance(part, Clip)]
    limit = "-" if most_s is None else f"{most_s:g}"
    if not own:
        return name, text, "-", "-", limit, "values only"
    lengths = [voice.length(piece, track) for piece in own]
    known = [length for length in lengths if length is not None]
    measured = f"{sum(known):.1f}" if len(known) == len(own) else "-"
    states = [voice.state(piece, track) for piece in own]
    return name, text, f"{reckoned(own):.1f}", measured, limit, min(states, key=STATES.index)
