"""The telephone side of the house: voice, dialogues, switch and the line to it, started in that order."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

import structlog
from prometheus_client import Histogram

from core.contact.distribution import Policy
from core.errors import StorageAway, SwitchAway
from core.health import Probe, Report, State, Told
from core.settings import Settings
from hotline.asterisk import NoAsterisk, find_asterisk
from hotline.foundation import Foundation
from hotline.installation import installation
from hotline.speaking import Speaking
from hotline.switch import State as SwitchState
from hotline.switch import Switch, SwitchFailed
from hotline.switch_health import LINE_STATES, measure_age, switch_report
from ivr.agi import AgiServer
from ivr.agi_call import AgiCall
from ivr.alone import Alone
from ivr.ami import Ami, AmiState
from ivr.board import Board
from ivr.control import Control
from ivr.dialler import Dialler
from ivr.dialplan import Installation
from ivr.distributing import Distributor
from ivr.following import SWITCH, Follower, InTurn
from ivr.left_alone import take_in
from ivr.line import Manners
from ivr.memory import Memory
from ivr.outgoing_desk import OutgoingDesk
from ivr.reception import Desk
from ivr.recorder import NotRecording, Recorder, SwitchRecorder
from ivr.rooms import Rooms
from ivr.scribe import NOTES_S, OPENINGS_S, Scribe
from ivr.survey import survey
from ivr.switchboard import Switchboard
from ivr.targets import Targets
from ivr.verifying import Verifier
from web.house import PhoneLine

log = structlog.get_logger()

FOLLOW_EVERY_S = 30.0
VERIFY_EVERY_S = 2.0
# ... and the longer the list of calls, the longer the pause: it takes no more than this share of the time.
VERIFY_SHARE = 0.05
# So long a start waits for the line to a switch that is up; then health tells what is missing.
LINE_S = 20.0


def distribution(settings: Settings) -> Policy:
    """How calls are given out; who watches over it judges by the same."""
    return Policy(timedelta(seconds=settings.skill_overflow_s))


class Telephone:
    """words: how to get a switch, in Chinese, where there is none."""

    def __init__(self, ground: Foundation, speaking: Speaking) -> None:
        self._ground = ground
        self._settings = ground.settings
        self._hotline = ground.hotline
        self._speaking = speaking
        self._board = Board()
        at = ground.settings.data.resolve() / "switch" / "recordings"
        self._recorder: Recorder = (
            SwitchRecorder(ground.hotline, at, self._control) if ground.settings.recording else NotRecording()
        )
        self._targets = Targets(outbound=bool(ground.settings.outbound))
        self.switchboard = Switchboard(
            ground.hotline, self._board, self._control, self._targets, gap=self._gap
        )
        self._rooms = Rooms(ground.hotline, self._board, self.switchboard, self._targets, self._recorder)
        self._distributor = Distributor(
            ground.hotline,
            self.switchboard,
            policy=distribution(ground.settings),
        )
        self._notes = Scribe(ground.hotline, notes_s=NOTES_S, openings_s=OPENINGS_S)
        self._memory = Memory(ground.hotline, remembers=True)
        self._outgoing = OutgoingDesk(
            ground.hotline,
            ground.store,
            self._manners(),
            self._distributor.nudge,
            self._without_a_caller,
            self._notes,
            self._memory,
        )
        self._dialler = Dialler(
            ground.hotline,
            self._board,
            self._control,
            self._outgoing.talking,
            lines=ground.settings.outbound_lines,
            way_out=bool(ground.settings.outbound) and ground.settings.switch,
            shown=ground.settings.numbers[0],
        )
        alone = Alone(ground.hotline, self._board, self.switchboard)
        self._desk: Desk | None = None
        self._follower = Follower(
            ground.hotline, self._board, InTurn(self._dialler, self._rooms, alone), self._in_menu
        )
        self._verifier = Verifier(
            ground.hotline,
            self._board,
            self.switchboard,
            self._rooms,
            grace=timedelta(seconds=ground.settings.operator_grace_s),
            under_way=self._follower.under_way,
        )
        self._key_answers = Histogram(
            "hotline_key_answer_seconds",
            "From a caller's key to the sound that follows it",
            buckets=(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5),
            registry=ground.metrics.registry,
        )
        self._told = Told(State.STARTING, "正在启动")
        self._installation: Installation | None = None
        self._agi: AgiServer | None = None
        self._switch: Switch | None = None
        self._ami: Ami | None = None
        self._following: list[asyncio.Task[None]] = []
        self._dialling: asyncio.Task[None] | None = None
        self.words = ""

    # --- for the rest of the house ----------------------------------------------------------------

    @property
    def probes(self) -> dict[str, Probe]:
        return {
            "switch": self._told,
            "switch-line": self._line_state,
            "outbound": self._dialler.report,
            **self._speaking.probes,
        }

    @property
    def sip(self) -> str | None:
        """Where any SIP phone may call; None without a switch."""
        at = self._installation
        return f"{at.host}:{at.sip_port}" if at and self._switch else None

    @property
    def reached(self) -> Installation | None:
        """The installation of the switch while it is up."""
        up = self._switch is not None and self._switch.state is SwitchState.UP
        return self._installation if up else None

    def phone(self) -> PhoneLine | None:
        """The line of the phone in the page; None while no switch can be reached."""
        at = self.reached
        if at is None or at.web_password is None:
            return None
        return PhoneLine(
            socket_url=f"ws://{at.host}:{at.http_port}/ws",
            user="web-caller",
            password=at.web_password,
            domain=at.host,
            numbers=at.numbers,
            softphone=f"sip:{at.numbers[0]}@{at.host}:{at.sip_port}",
        )

    async def _line_state(self) -> Report:
        if self._ami:
            return LINE_STATES[self._ami.state]
        return Report(State.ABSENT if self.words else State.STARTING)

    # --- starting and stopping ----------------------------------------------------------------------

    async def start(self) -> None:
        """Return when 12320 can be dialled, or when it is known why it cannot."""
        self._dialling = asyncio.create_task(self._dialler.run(), name="make calls")
        if not self._settings.switch:
            self._absent("这个进程没有启用电话交换机。")
            await self._speaking.start()
            return
        warming = asyncio.create_task(self._speaking.start(), name="voice")
        try:
            await self._start_switch()
            await warming
        except BaseException:
            warming.cancel()
            raise

    async def _start_switch(self) -> None:
        at = installation(self._settings, self._hotline.chance)
        finding = asyncio.create_task(find_asterisk(self._settings.cache), name="find asterisk")
        try:
            await self._speaking.lay_out(at.sounds)
            asterisk = await finding
        except NoAsterisk as why:
            log.error("no switch", why=str(why))
            self._absent(why.words)
            return
        finally:
            finding.cancel()
        self._agi = self._server(at)
        await self._agi.start()
        self._installation = at = replace(at, agi_port=self._agi.port)
        self._switch = Switch(asterisk, at, self._hotline.chance, told=self._switch_is)
        try:
            await self._switch.start()
        except (SwitchFailed, OSError) as why:
            log.error("the switch does not start", why=str(why))
            self._switch.keep_trying()
        ami = await self._start_line(at)
        if self._switch.state is SwitchState.UP:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINE_S):
                    await ami.until_up()

    def _manners(self) -> Manners:
        settings = self._settings
        return Manners(
            hold_grace=timedelta(minutes=settings.hold_grace_minutes),
            callback_within=timedelta(hours=settings.callback_hours),
            recording=settings.recording,
            patience=timedelta(seconds=settings.queue_patience_s),
            calls_back=bool(settings.outbound),
            languages=settings.languages,
        )

    def _server(self, at: Installation) -> AgiServer:
        settings, manners = self._settings, self._manners()
        self._desk = desk = Desk(
            self._hotline,
            self._ground.store,
            manners,
            self._distributor.nudge,
            self._without_a_caller,
            self._notes,
            self._memory,
        )

        async def receive(call: AgiCall) -> None:
            await desk.receive(call)

        async def wait(call: AgiCall) -> None:
            await desk.wait(call)

        async def score(call: AgiCall) -> None:
            await survey(call, self._hotline, callback_within=manners.callback_within)

        async def called(call: AgiCall) -> None:
            await self._outgoing.receive(call)

        async def here(_call: AgiCall) -> None:
            """That we answer is all the dialplan wants to know."""

        return AgiServer(
            "127.0.0.1",
            at.agi_port,
            {"reception": receive, "waiting": wait, "outbound": called, "survey": score, "desk-left": here},
            sounds=self._speaking.voice.sounds,
            messages=at.messages,
            languages=settings.languages,
            answered=self._key_answers.observe,
        )

    def _in_menu(self, linked_id: str) -> bool:
        return self._desk is not None and self._desk.gone(linked_id)

    async def _start_line(self, at: Installation) -> Ami:
        """Begin to connect, and all that lives on what the switch tells."""
        self._ami = ami = Ami(
            at.ami_port,
            "hotline",
            at.ami_secret,
            clock=self._hotline.clock,
            chance=self._hotline.chance,
            on_unknown=self._follower.unknown,
        )
        measure_age(self._ground.metrics, ami)
        await ami.start()
        self._following = [
            asyncio.create_task(self._follow(ami), name="follow the switch"),
            asyncio.create_task(self._look_after(at), name="look after calls"),
            asyncio.create_task(self._distributor.run(), name="distribute calls"),
            asyncio.create_task(self._verify(ami), name="verify the switch"),
        ]
        return ami

    async def _follow(self, ami: Ami) -> None:
        while True:
            await self._follower.hear(await ami.events.get())

    def _control(self) -> Control | None:
        return Control(self._ami) if self._ami and self._ami.state is AmiState.UP else None

    async def _without_a_caller(self, interaction_id: int) -> None:
        with contextlib.suppress(SwitchAway):
            await self.switchboard.clear(interaction_id)

    async def _gap(self, interaction_id: int, on: bool, why: str) -> None:
        await self._recorder.gap(interaction_id, on, why)

    async def _verify(self, ami: Ami) -> None:
        """Whose state is it? Ours; but the switch is asked, every few seconds, whether it is true."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                if ami.state is AmiState.UP and self._board.synced:
                    await self._verifier.look(Control(ami))
            except SwitchAway:
                pass  # it comes back with a snapshot of its own
            except Exception:  # a border: the next look tries again
                log.exception("verifying our states failed")
            await asyncio.sleep(max(VERIFY_EVERY_S, (loop.time() - began) / VERIFY_SHARE))

    async def _look_after(self, at: Installation) -> None:
        """What no event tells: messages left while we were away, ends that nobody saw."""
        within = timedelta(hours=self._settings.callback_hours)
        while True:
            try:
                if self._ami and self._ami.state is AmiState.UP:
                    async with self._hotline.work(SWITCH) as work:
                        await self._follower.sweep(work)
                    busy = self._follower.channels
                    await take_in(self._hotline, at.messages, dnis=at.numbers[0], within=within, busy=busy)
            except Exception:  # a border: the next round tries again
                log.exception("looking after calls failed")
            await asyncio.sleep(FOLLOW_EVERY_S)

    async def stop(self) -> None:
        """End in the order in which callers notice least: no new calls, then the switch, then us."""
        if self._dialling:
            self._dialling.cancel()
            await asyncio.gather(self._dialling, return_exceptions=True)
        if self._switch:
            await self._switch.stop()
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)
        await self._follower.stop()
        if self._ami:
            await self._ami.stop()
        if self._agi:
            await self._agi.stop()
        with contextlib.suppress(StorageAway):
            await self._notes.stop()
        await self._speaking.stop()

    def _absent(self, words: str) -> None:
        self.words = words
        self._told.say(State.ABSENT if not self._settings.switch else State.DOWN, words)

    def _switch_is(self, state: SwitchState) -> None:
        assert self._switch
        report = switch_report(self._switch, state)
        self._told.say(report.state, report.words)
