"""hotline prompts: do one verb with the installation's voice."""

import argparse
import asyncio
from collections.abc import Sequence

from core.chance import SystemChance
from core.settings import Settings
from hotline.prompts import audit, importing, listing, render, script
from ivr.call import Track
from ivr.speech import Voice
from ivr.voices import open_voice
from ivr.words import Clip


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Do one verb; returns the exit code."""
    if options.processes:
        settings = settings.model_copy(update={"voice_lanes": options.processes})
    names = await _names(settings) if options.names else ()
    voice = await open_voice(settings)
    try:
        return await _do(voice, options, names)
    finally:
        await voice.close()


async def _do(voice: Voice, options: argparse.Namespace, names: Sequence[Clip]) -> int:
    track = Track(options.language, options.slow)
    match options.what:
        case "render":
            return await render.render(voice, SystemChance(), options.which, names)
        case "audit":
            return await audit.audit(voice)
        case "import":
            return await importing.take_in(voice, options.folder, track)
        case "export":
            return await asyncio.to_thread(script.export, voice, options.file, names, track)
        case _:
            return listing.list_all(voice, track)


async def _names(settings: Settings) -> Sequence[Clip]:
    from hotline.foundation import foundation
    from hotline.speaking import names

    async with foundation(settings) as ground, ground.hotline.read() as db:
        return await names(db)
