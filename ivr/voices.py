"""The voices of an installation: what speaks at once, what speaks well, and what to do without either."""

import asyncio

import structlog

from core.settings import Settings
from ivr.child import EngineError
from ivr.engines import Engine, Mute
from ivr.espeak import Espeak
from ivr.kokoro import Kokoro
from ivr.speech import Voice

log = structlog.get_logger()


async def open_voice(settings: Settings) -> Voice:
    """The installation's voice. Without espeak-ng, or when it stays silent, recordings alone are played."""
    espeak = Espeak()
    # The dictionary of readings takes a third of a second to load: not while a caller waits.
    await asyncio.to_thread(espeak.spelled, "您好")
    engine: Engine = espeak
    try:
        await espeak.prove()
    except EngineError as error:
        log.error("no voice", why=str(error))
        await espeak.close()
        engine = Mute(espeak, str(error))
    return Voice(
        (settings.data / "recordings").resolve(),
        (settings.cache / "speech").resolve(),
        engine,
        better=_better(settings),
    )


def _better(settings: Settings) -> Engine | None:
    """The better voice; where its parts are missing, one that says so and still plays what it has said."""
    if settings.voice == "espeak":
        return None
    kokoro = Kokoro(
        (settings.cache / "kokoro").resolve(), voice=settings.voice_style, lanes=settings.voice_lanes
    )
    missing = kokoro.missing()
    if missing:
        log.error("the better voice is missing", why=missing)
        return Mute(kokoro, missing)
    return kokoro
