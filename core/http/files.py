"""Our own files for browsers: read once, packed once, and answered from memory.

The disk is not touched while a page waits, and a browser that goes away in the middle leaves nothing open.
"""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from aiohttp import hdrs, web

from core.http.access import everybody

# What is in a format that is packed already, or so small, does not get smaller.
TEXTS = ("text/", "image/svg", "application/json")
WORTH_PACKING = 1024


@dataclass(frozen=True)
class Kept:
    """One file. packed: the same by gzip, where that is worth it. mark: of what is in it (an ETag)."""

    body: bytes
    packed: bytes | None
    kind: str
    mark: str


@lru_cache
def kept(folder: Path) -> Mapping[str, Kept]:
    """Every file under a folder by its path there, as it is now."""
    return {
        path.relative_to(folder).as_posix(): _kept(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _kept(path: Path) -> Kept:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith(TEXTS)
    packs = text and len(body) >= WORTH_PACKING
    return Kept(
        body,
        gzip.compress(body, mtime=0) if packs else None,
        f"{kind}; charset=utf-8" if text else kind,
        f'"{sha256(body).hexdigest()[:20]}"',
    )


def files(prefix: str, folder: Path) -> web.RouteDef:
    """The route of a folder's files under a prefix, for everybody; unknown names are 404."""
    known = kept(folder)

    @everybody
    async def give(request: web.Request) -> web.Response:
        found = known.get(request.match_info["path"])
        if found is None:
            raise web.HTTPNotFound
        return _given(request, found)

    return web.get(prefix + "/{path:.+}", give)


def file(path: str, folder: Path, name: str) -> web.RouteDef:
    """The route of one file where browsers look for it by themselves."""
    found = kept(folder)[name]

    @everybody
    async def give(request: web.Request) -> web.Response:
        return _given(request, found)

    return web.get(path, give)


def _given(request: web.Request, found: Kept) -> web.Response:
    headers = {
        hdrs.ETAG: found.mark,
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
        hdrs.CACHE_CONTROL: "no-cache",  # ask each time; the answer is nearly always 304
    }
    if found.mark in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = found.kind
    if found.packed is not None and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=found.packed, headers=headers)
    return web.Response(body=found.body, headers=headers)
