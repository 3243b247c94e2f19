"""The switch itself: take over or start an Asterisk of ours, watch it, start it again, stop it."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum

import structlog

from core import precedence
from core.ports import Chance
from hotline.asterisk import Asterisk, run_short
from hotline.installation import taken_ports
from hotline.outlived import Outlived, outlived
from ivr.backoff import Backoff
from ivr.dialplan import NEEDED_MODULES, Installation, install, is_installed, missing_sounds
from ivr.sound import is_whole, write_clip
from ivr.tones import beep, music

log = structlog.get_logger()

READY_S = 30
STOP_S = 8
FREE_S = 5  # for one that ends just now to let go of its ports
WELL_AFTER_S = 30  # up this long, and the next crash is a first one again


class SwitchFailed(Exception):
    """Asterisk was started and is not ready; its last lines tell why."""


class State(StrEnum):
    STARTING = "starting"
    UP = "up"
    DOWN = "down"  # ended by itself; started again after a while
    FAILED = "failed"  # was started and is not ready; tried again, later each time
    STOPPED = "stopped"


class Switch:
    """One running Asterisk of ours. It is started again when it ends by itself, later each time.

    told: called with every change of state. missing_sounds, missing_modules: by name, as of the last start.
    """

    def __init__(
        self,
        asterisk: Asterisk,
        installation: Installation,
        chance: Chance,
        *,
        sounds: tuple[str, ...] = (),
        told: Callable[[State], None] = lambda _state: None,
    ) -> None:
        self.installation = installation
        self.state = State.STOPPED
        self.missing_sounds: list[str] = []
        self.missing_modules: list[str] = []
        self.restarts = 0
        self._asterisk = asterisk
        self._sounds = sounds
        self._told = told
        self._backoff = Backoff(chance, first_s=0.5, most_s=30)
        self._process: asyncio.subprocess.Process | Outlived | None = None
        self._last_lines: deque[str] = deque(maxlen=30)
        self._reader: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Write the configuration, start Asterisk and return when it takes calls.

        One of ours that outlived its parent goes on, with its calls, where it was started with the very same
        configuration. Raises SwitchFailed, and OSError where the configuration cannot be written.
        """
        try:
            await self._first()
        except BaseException:
            await self._end()
            self._become(State.STOPPED)
            raise
        self._watcher = asyncio.create_task(self._watch(begun=True), name="switch watcher")

    def keep_trying(self) -> None:
        """After a start that failed: again and again, later each time, until it is up or stopped."""
        self._become(State.FAILED)
        self._watcher = asyncio.create_task(self._watch(begun=False), name="switch watcher")

    async def stop(self) -> None:
        """End Asterisk; calls that are up are ended. Harmless when it does not run."""
        if self._watcher:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        await self._end()
        self._become(State.STOPPED)

    async def command(self, line: str) -> str:
        """What Asterisk's own command line answers."""
        program, config = str(self._asterisk.program), str(self.installation.config)
        _, said = await run_short(program, "-C", config, "-rx", line, within_s=10)
        return said

    async def _first(self) -> None:
        left = outlived(self.installation.run)
        same = left is not None and await asyncio.to_thread(
            is_installed, self.installation, modules=self._asterisk.modules, data=self._asterisk.data
        )
        await asyncio.to_thread(self._prepare)
        if left is not None:
            if same and await self._take_over(left):
                return
            await self._remove(left)
        await self._begin()

    async def _take_over(self, pid: int) -> bool:
        """Whether the one that is left is ours now. One that does not answer in time is not."""
        if "fully booted" not in await self.command("core waitfullybooted"):
            return False
        try:
            self._process = Outlived(pid)
        except OSError:
            return False
        await self._look_at_modules()
        log.info("a switch that outlived its process goes on with its calls", pid=pid)
        self._become(State.UP)
        return True

    async def _remove(self, pid: int) -> None:
        """End one of ours that outlived its parent and holds the ports."""
        try:
            self._process = Outlived(pid)
        except OSError:
            return
        await self.command("core stop now")
        await self._end()

    def _prepare(self) -> None:
        install(self.installation, modules=self._asterisk.modules, data=self._asterisk.data)
        for stem, sound in (
            (self.installation.sounds / "beep", beep),
            (self.installation.folder / "music" / "calm", music),
        ):
            if not is_whole(stem):
                write_clip(stem, sound())
        self.missing_sounds = missing_sounds(self.installation, self._sounds)
        if self.missing_sounds:
            log.error("sounds are missing", sounds=self.missing_sounds)

    async def _begin(self) -> None:
        self._become(State.STARTING)
        self._last_lines.clear()
        await self._until_ports_are_free()
        self._process = await asyncio.create_subprocess_exec(
            *precedence.plainly(str(self._asterisk.program), "-f", "-C", str(self.installation.config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to handle; the switch goes last
            umask=0o077,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="switch output")
        await self._until_ready(self._process)
        await self._look_at_modules()
        self._become(State.UP)

    async def _until_ports_are_free(self) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + FREE_S
        while taken := taken_ports(self.installation):
            if clock() > until:
                raise SwitchFailed(f"held by another program: {', '.join(taken)}")
            await asyncio.sleep(0.1)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        ready = asyncio.create_task(self._fully_booted())
        ended = asyncio.create_task(process.wait())
        done, rest = await asyncio.wait({ready, ended}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        if ready not in done:
            why = f"ended with {process.returncode}" if ended in done else f"not ready within {READY_S} s"
            raise SwitchFailed(f"Asterisk {why}: {' | '.join(list(self._last_lines)[-5:])}")

    async def _fully_booted(self) -> None:
        # Asterisk tells nobody by itself; its command line answers as soon as the socket is there.
        while "fully booted" not in await self.command("core waitfullybooted"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for raw in process.stdout:
            self._last_lines.append(raw.decode(errors="replace").rstrip())

    async def _look_at_modules(self) -> None:
        running = {
            line.split()[0].removesuffix(".so")
            for line in (await self.command("module show")).splitlines()
            if ".so" in line and " Not Running " not in line
        }
        self.missing_modules = [name for name in NEEDED_MODULES if name not in running]
        if self.missing_modules:
            log.error("modules of the switch did not load", modules=self.missing_modules)

    async def _watch(self, *, begun: bool) -> None:
        """For ever: until it is over, and start it again. begun: whether it has been up."""
        while True:
            if begun:
                await self._until_over()
            while self.state is not State.UP:
                await asyncio.sleep(self._backoff.next_s())
                try:
                    await (self._begin() if begun else self._first())
                    self.restarts += begun
                except (SwitchFailed, OSError) as error:
                    log.error("Asterisk did not start again", why=str(error))
                    await self._end()
                    self._become(State.FAILED)
            begun = True

    async def _until_over(self) -> None:
        since = asyncio.get_running_loop().time()
        assert self._process
        code = await self._process.wait()
        if asyncio.get_running_loop().time() - since > WELL_AFTER_S:
            self._backoff.reset()
        log.error("Asterisk ended by itself", code=code, last_words=list(self._last_lines)[-3:])
        self._become(State.DOWN)

    async def _end(self) -> None:
        process, reader = self._process, self._reader
        if process and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if reader:
            await asyncio.gather(reader, return_exceptions=True)
        if isinstance(process, Outlived):
            process.forget()
        self._process = self._reader = None

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._told(state)
