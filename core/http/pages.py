"""Pages from templates: one strict environment for each face, and the Chinese filters they share."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from core.http.keys import PAGES
from core.values import SERIAL_GROUPS, day_of, local

WEEKDAYS = "一二三四五六日"


class _Compiled(jinja2.BytecodeCache):
    """Each template compiled once for a process, however many houses it serves."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)  # one of another text has another checksum, and is not taken

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def environment(folder: Path, **shared: object) -> jinja2.Environment:
    """Templates of one face: autoescaped, and strict, so that a forgotten value is an error.

    shared: values every template may use. Each face has an `error.html` (see core.http.middleware).
    """
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(
        day=spoken_day, clock=clock, moment=moment, duration=duration, serial=grouped, surname=surname
    )
    pages.globals.update(shared)
    return pages


def render(request: web.Request, name: str, values: Mapping[str, object]) -> str:
    return request.config_dict[PAGES].get_template(name).render(values)


def page(request: web.Request, name: str, *, status: int = 200, **values: Any) -> web.Response:
    """A template as a response. What is live must never be shown from a cache."""
    body = render(request, name, values)
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=body, content_type="text/html", charset="utf-8", status=status, headers=headers)


# --- filters ------------------------------------------------------------------------------------------


def spoken_day(day: date, today: date | None = None) -> str:
    """11月26日 周四; with the year when it is another one than today's."""
    year = f"{day.year}年" if today and today.year != day.year else ""
    return f"{year}{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"


def clock(instant: datetime, *, seconds: bool = False) -> str:
    """The time in Asia/Shanghai: 08:30."""
    return f"{local(instant):%H:%M:%S}" if seconds else f"{local(instant):%H:%M}"


def moment(instant: datetime) -> str:
    """11月26日 周四 08:30."""
    return f"{spoken_day(day_of(instant))} {clock(instant)}"


def duration(seconds: int) -> str:
    """1:05, or 1:02:05 when it is more than an hour."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def grouped(serial: str) -> str:
    """A serial number as it is read aloud: 12 345 678 (2-3-3)."""
    parts, rest = [], serial
    for size in SERIAL_GROUPS:
        parts.append(rest[:size])
        rest = rest[size:]
    return " ".join(part for part in [*parts, rest] if part)


def surname(name: str) -> str:
    """A name that the public may see: 李**. The given name's length is kept, the name is not."""
    return name[:1] + "*" * (len(name) - 1)
