"""SQLite on a disk that becomes full in the middle of the rush: refused with a clear word, and nothing is wrong."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.faults.storage_rush import STORES

ROOT = Path(__file__).parents[2]
# A file system of the child's own, which goes with it; so nobody needs to be root.
ALONE = ("unshare", "--user", "--map-root-user", "--mount")
MOUNT = 'mount -t tmpfs -o size=24m tmpfs "$1" && shift && exec "$@"'
ROOM_S = 100


@cache
def may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*ALONE, "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True)
    return tried.returncode == 0


async def survived(command: Sequence[str]) -> str:
    """What a child says that ended well."""
    child = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(ROOM_S):
            said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0, said.decode()[-3000:]
    return said.decode()


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("fault", ["full", "error"])
async def test_a_disk_without_room_refuses_loses_nothing_and_goes_on_by_itself(
    sqlite_model: Path, tmp_path: Path, store: str, fault: str
) -> None:
    command = [sys.executable, "-m", "tests.faults.full_disk", str(tmp_path), str(sqlite_model), store, fault]
    if fault == "full":
        if not may_mount():
            pytest.skip("this machine lets nobody mount a file system of their own")
        command = [*ALONE, "sh", "-c", MOUNT, "sh", str(tmp_path), *command]
    assert "booked" in await survived(command)
