"""`hotline case`: a case told again from its log, taken out as a file, and told again from that."""

import argparse
import sys
from pathlib import Path

from core.cases import replay
from core.cases.export import exported, imported
from core.cases.replay import Replay
from core.cases.state import canonical
from core.errors import Refusal
from core.settings import Settings
from core.work import Hotline
from hotline.staff_verbs import opened

# An appointment's number has as many digits; a contact's id never has.
SERIAL_DIGITS = 8


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """0: what was asked is so; 1: log and tables, or log and hash, do not agree. Nothing is changed."""
    try:
        if options.act == "replay":
            return _again(options.file)
        async with opened(settings) as hotline:
            seen = await _case(hotline, options.case)
            return _export(seen) if options.act == "export" else _check(seen)
    except Refusal as refusal:
        print(f"hotline: {refusal}", file=sys.stderr)
        return 1


async def _case(hotline: Hotline, name: str) -> Replay:
    if not (name.isascii() and name.isdigit()):
        raise ValueError("a contact's number, or an appointment's of eight digits")
    if len(name) == SERIAL_DIGITS:
        return await replay.of_appointment(hotline, name)
    return await replay.of_interaction(hotline, int(name))


def _export(seen: Replay) -> int:
    print(exported(seen.facts), end="")
    return 0


def _check(seen: Replay) -> int:
    for one in seen.differences:
        print(f"{one.what} {one.id} {one.field}: log {one.told!r}, table {one.live!r}")
    if seen.differences:
        return 1
    print(f"{len(seen.facts)} entries, {seen.told_hash}: as the tables say")
    return 0


def _again(path: Path) -> int:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    again = imported(text)
    print(canonical(again.told))
    print(f"{len(again.facts)} entries, {again.hash}: {'as' if again.same else 'NOT as'} the file says")
    return 0 if again.same else 1
