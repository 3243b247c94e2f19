"""A switch that outlived the process which began it: found by its control socket, watched by its pid."""

import asyncio
import os
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path

CONTROL = "asterisk.ctl"
# Of a process that is not our child nobody tells how it ended.
UNKNOWN = -1
_PEER = struct.Struct("3i")  # pid, uid, gid: SO_PEERCRED, unix(7)


def outlived(run: Path) -> int | None:
    """The process id of the Asterisk that listens on the control socket in this folder; None: nobody does.

    One that hangs is found too: the kernel answers for it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        knock.settimeout(1)
        try:
            knock.connect(str(run / CONTROL))
        except OSError:
            return None
        pid, _, _ = _PEER.unpack(knock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return pid or None


class Outlived:
    """Somebody else's child. Speaks what we need of asyncio.subprocess.Process."""

    stdout = None  # went with whoever read it

    def __init__(self, pid: int) -> None:
        """Raises OSError when there is no such process any more."""
        self.pid = pid
        self.returncode: int | None = None
        self._loop = asyncio.get_running_loop()
        self._handle = os.pidfd_open(pid)
        self._over = asyncio.Event()
        self._loop.add_reader(self._handle, self._ended)

    def _ended(self) -> None:
        self.returncode = UNKNOWN
        self.forget()
        self._over.set()

    def forget(self) -> None:
        """Watch it no longer; harmless when it is over."""
        if self._handle >= 0:
            self._loop.remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1

    async def wait(self) -> int:
        await self._over.wait()
        return UNKNOWN

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._handle >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)
