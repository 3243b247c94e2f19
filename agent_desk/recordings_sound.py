"""The sound of a recording, decrypted as it is sent, from any place on (HTTP Range)."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress

import structlog
from aiohttp import web

from agent_desk.house import AGENT_HOUSE
from agent_desk.recordings import opened
from core.errors import NotAllowed, SoundGone, SoundTampered
from core.http.access import actor_of, needs
from core.recordings import auditing, vault
from core.recordings import engine as recordings
from core.recordings.rules import Fault
from core.recordings.tables import RecordingFile
from core.work import Work

log = structlog.get_logger()

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@needs("recordings")
async def sound(request: web.Request) -> web.StreamResponse:
    """One side of one recording; whoever hears it has said why within the last half hour.

    A file that is gone or altered is noted as the nightly look does. Raises NotFound, SoundGone,
    SoundTampered.
    """
    house, by = request.app[AGENT_HOUSE], await actor_of(request)
    recording_id = int(request.match_info["id"])
    if not opened(request, recording_id, by):
        raise NotAllowed(facts={"function": "recordings", "why": "no reason given"})
    async with house.hotline.read() as db:
        file = await recordings.sound_of(db, recording_id, request.match_info["side"])
    first, last, partial = _range(request, file.plain_bytes)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "Content-Length": str(last - first + 1),
        "Content-Disposition": "inline",
    }
    if partial:
        headers["Content-Range"] = f"bytes {first}-{last}/{file.plain_bytes}"
    response = web.StreamResponse(status=206 if partial else 200, headers=headers)
    response.content_type = "audio/wav"
    chunks = vault.read(house.hotline.sealer, house.recordings / file.path, file.plain_bytes, first, last)
    begun = await _begun(request, file, chunks)
    await response.prepare(request)
    try:
        with suppress(ConnectionResetError):
            await _send(response, begun, chunks)
    except vault.Tampered:  # further on: nothing can be said any more, and nothing false is sent
        await _note(request, file, Fault.TAMPERED)
        if request.transport is not None:
            request.transport.abort()
    return response


async def _begun(request: web.Request, file: RecordingFile, chunks: Iterator[bytes]) -> bytes:
    """The first bytes: a file that is gone or altered is refused before anything is sent."""
    try:
        return await asyncio.to_thread(next, chunks, b"")
    except FileNotFoundError:
        await _note(request, file, Fault.LOST)
        async with request.app[AGENT_HOUSE].hotline.read() as db:  # erased at this very moment?
            await recordings.sound_of(db, file.recording_id, file.side)
        raise SoundGone(facts={"why": "lost"}) from None
    except vault.Tampered:
        await _note(request, file, Fault.TAMPERED)
        raise SoundTampered from None


async def _note(request: web.Request, file: RecordingFile, fault: Fault) -> None:
    async def note(work: Work) -> None:
        await auditing.found(work, file.id, fault)

    await request.app[AGENT_HOUSE].hotline.run(note, await actor_of(request))


async def _send(response: web.StreamResponse, begun: bytes, chunks: Iterator[bytes]) -> None:
    data = begun
    while data:
        await response.write(data)
        data = await asyncio.to_thread(next, chunks, b"")
    await response.write_eof()


def _range(request: web.Request, size: int) -> tuple[int, int, bool]:
    """First and last byte, and whether it is a part. Raises HTTPRequestRangeNotSatisfiable."""
    asked = request.headers.get("Range")
    if not asked:
        return 0, size - 1, False
    found = _RANGE.fullmatch(asked.strip())
    first = int(found[1]) if found else size
    if first >= size:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    last = min(int(found[2]), size - 1) if found and found[2] else size - 1
    return first, max(first, last), True


routes = [web.get(r"/recordings/{id:\d{1,12}}/sound/{side:mixed|caller|heard}", sound)]
