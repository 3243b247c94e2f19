"""A form with one file, read in pieces: nothing too large is ever held, and no name is believed."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from core.errors import FormStale
from core.http.forms import FIELD, MOST, form_token

# Fields and files of one form; ours have three.
MOST_PARTS = 8


@dataclass(frozen=True)
class Upload:
    """fields: of the form, by name. content: of its file; empty when none was chosen. suffix: '.csv'."""

    fields: Mapping[str, str]
    content: bytes
    suffix: str


async def received(request: web.Request, *, most_bytes: int) -> Upload:
    """The form of an upload. Raises FormStale, HTTPBadRequest, HTTPRequestEntityTooLarge.

    The form's token must stand before the file, so that nobody else's file is read at all.
    """
    if not request.content_type.startswith("multipart/form-data"):
        raise web.HTTPBadRequest
    fields: dict[str, str] = {}
    content, suffix, parts = b"", "", 0
    try:
        async for part in await request.multipart():
            parts += 1
            if parts > MOST_PARTS or not isinstance(part, BodyPartReader):
                raise web.HTTPBadRequest
            if part.filename is None:
                fields[part.name or ""] = (await _pieces(part, MOST)).decode("utf-8", "replace")
            else:
                await _check(request, fields)
                suffix = part.filename[-4:].lower()
                content = await _pieces(part, most_bytes)
    # What aiohttp says of a form that breaks off, or is none.
    except (ValueError, AssertionError, HttpProcessingError):
        raise web.HTTPBadRequest from None
    await _check(request, fields)
    return Upload(fields, content, suffix)


async def _check(request: web.Request, fields: Mapping[str, str]) -> None:
    wanted = await form_token(request)
    if not wanted or fields.get(FIELD) != wanted:
        raise FormStale


async def _pieces(part: BodyPartReader, most: int) -> bytes:
    kept = bytearray()
    while piece := await part.read_chunk():
        kept += piece
        if len(kept) > most:
            raise web.HTTPRequestEntityTooLarge(most, len(kept))
    return bytes(kept)
