"""Hospitals' own lists of a day, from a folder: <root>/<hospital's id>/<2026-11-26>.csv."""

import asyncio
import errno
import os
import secrets
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from core.money.cashier import Line
from core.money.hospital_list import MOST_BYTES, BadList, read_list
from core.ports import OutsideError

# Before the place and the code of what is wrong with a list, in the words that a day keeps.
FAULTY = "hospital-list"


class FolderLists:
    """See HospitalBooks. A hospital puts a list there under another name and then renames it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def lines(self, hospital_id: int, day: date) -> Sequence[Line] | None:
        """Raises OutsideError for a list that cannot be read, with the first place that is wrong."""
        try:
            content = await asyncio.to_thread(_read, self._path(hospital_id, day))
            return None if content is None else read_list(content)
        except BadList as bad:
            raise OutsideError(f"{FAULTY}:{bad}") from None
        except OSError as error:
            raise OutsideError(f"{FAULTY}:0:{type(error).__name__}") from None

    async def put(self, hospital_id: int, day: date, content: bytes) -> None:
        """Keep a list that somebody has brought, in the place of the one before it. Raises OSError."""
        await asyncio.to_thread(_write, self._path(hospital_id, day), content)

    def _path(self, hospital_id: int, day: date) -> Path:
        return self._root / str(int(hospital_id)) / f"{day.isoformat()}.csv"


def _read(path: Path) -> bytes | None:
    """None where there is none. A link is not followed: it may lead out of what is the hospital's."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    with os.fdopen(handle, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    part.replace(path)
