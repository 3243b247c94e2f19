"""Many telephones that are called, in one process: each does what its script says, try after try.

Run as `callees_process.py SIP_PORT RTP_PORT OWN_PORT`; it hears on OWN_PORT whatever number is called there.
The first line on stdin is JSON: of each number its scripts, one for each call it gets; the last one stays.
What happens goes out as JSON lines on stdout.

A script is 'busy', 'declines', 'silent' (rings until the caller gives up), or what is done once it is
answered, step by step, each in answer to what is heard:

    0-9*#  press this key, soon after a voice has begun
    .      hear a voice out, and press nothing
    ~      hang up in the middle of what is said
    !      hang up when the voice has ended
    =      listen, until the other side hangs up

A script that is used up listens.
"""

import itertools
import json
import shutil
import sys
import tempfile
import threading
import time
from array import array
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pjsua2 as pj

from tests.phone_process import HOST, teach_digests, tell

RINGS_S = 0.4
HEADER = 44  # bytes of a WAV file before its samples
VOICE = 800  # of 32768: a voice, and not the noise of a line
BEGUN_S = 0.3  # of voice, before somebody reacts
HEARD_S = 1.1  # of silence, after which it was a question
MIDDLE_S = 1.5
AFTER_KEY_S = 0.5  # what was being said has stopped by then
# The library was built for so many calls at once.
MOST_CALLS = 4
FOLDER = Path(tempfile.mkdtemp(prefix="callees-"))
_ORDER = itertools.count()


class Call(pj.Call):
    """One call that came in, and its script. number: who was called."""

    def __init__(self, account: pj.Account, call_id: int, number: str, script: str) -> None:
        super().__init__(account, call_id)
        self.number, self.steps = number, list(script)
        self.answer_at: float | None = None
        self.over = False
        self._sink: pj.AudioMediaRecorder | None = None
        self._heard, self._read = FOLDER, HEADER
        self._media: pj.AudioMedia | None = None
        self._voice_since: float | None = None
        self._voice_at = 0.0
        self._deaf_until = 0.0

    def onCallState(self, _param: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            tell(event="answered", number=self.number)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.over = True
            self._media = self._sink = None
            tell(event="ended", number=self.number, code=int(info.lastStatusCode))

    def onCallMediaState(self, _param: Any) -> None:
        info = self.getInfo()  # kept: its media go with it
        for place, media in enumerate(info.media):
            active = media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
            if active and self._media is None:
                self._heard = FOLDER / f"{next(_ORDER)}.wav"
                self._sink = pj.AudioMediaRecorder()
                self._sink.createRecorder(str(self._heard))
                self._media = self.getAudioMedia(place)
                self._media.startTransmit(self._sink)

    def live(self, now: float) -> None:
        """One look: answer when it has rung for long enough, listen, and do the next step."""
        if self.answer_at is not None and now >= self.answer_at:
            self.answer_at = None
            accepted = pj.CallOpParam()
            accepted.statusCode = pj.PJSIP_SC_OK
            self.answer(accepted)
        if self._media is None or not self.steps or now < self._deaf_until:
            return
        if self._hears_a_voice():
            self._voice_since = self._voice_since or now
            self._voice_at = now
        if self._voice_since is None:
            return
        said, silent = now - self._voice_since, now - self._voice_at
        step = self.steps[0]
        due = silent >= HEARD_S if step in ".!" else said >= (MIDDLE_S if step == "~" else BEGUN_S)
        if due and step != "=":
            self._step(step, now)

    def _hears_a_voice(self) -> bool:
        """Whether somebody spoke since the last look. The bridge measures no levels: the recording is read."""
        with self._heard.open("rb") as recording:
            recording.seek(self._read)
            samples = array("h", recording.read()[: 1 << 16])
        self._read += 2 * len(samples)
        return bool(samples) and max(samples) > VOICE

    def _step(self, step: str, now: float) -> None:
        self.steps.pop(0)
        self._voice_since = None
        self._deaf_until = now + AFTER_KEY_S
        if step in "!~":
            self.hangup(pj.CallOpParam())
        elif step != ".":
            param = pj.CallSendDtmfParam()
            param.digits, param.method, param.duration = step, pj.PJSUA_DTMF_METHOD_RFC2833, 100
            self.sendDtmf(param)
        tell(event="did", number=self.number, step=step)


class Account(pj.Account):
    """Takes every call; whom it is for stands in the request."""

    def __init__(self, scripts: dict[str, list[str]]) -> None:
        super().__init__()
        self.scripts = scripts
        self.calls: list[Call] = []

    def onIncomingCall(self, param: Any) -> None:
        request = param.rdata.wholeMsg.partition("\r\n")[0]
        number = request.partition("sip:")[2].partition("@")[0]
        scripts = self.scripts.get(number, ["silent"])
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        steps = "" if script in ("busy", "declines", "silent") else script
        call = Call(self, param.callId, number, steps)
        self.calls.append(call)
        tell(event="ringing", number=number, by=call.getInfo().remoteUri)
        refusals = {"busy": pj.PJSIP_SC_BUSY_HERE, "declines": pj.PJSIP_SC_DECLINE}
        answer = pj.CallOpParam()
        if script in refusals:
            answer.statusCode = refusals[script]
            call.hangup(answer)
            return
        answer.statusCode = pj.PJSIP_SC_RINGING
        call.answer(answer)
        if script != "silent":
            call.answer_at = time.monotonic() + RINGS_S


class Exchange:
    def __init__(self, sip_port: int, rtp_port: int, own_port: int, scripts: dict[str, list[str]]) -> None:
        teach_digests()
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = MOST_CALLS
        config.logConfig.level = config.logConfig.consoleLevel = 0
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.maxMediaPorts = 4 * MOST_CALLS
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self.endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress, transport.port = HOST, own_port
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        account = pj.AccountConfig()
        account.idUri = f"sip:callees@{HOST}:{sip_port}"
        account.mediaConfig.transportConfig.boundAddress = HOST
        account.mediaConfig.transportConfig.port = rtp_port
        account.mediaConfig.transportConfig.portRange = 10 * MOST_CALLS
        self.account = Account(scripts)
        self.account.create(account)

    def live(self) -> None:
        self.endpoint.libHandleEvents(10)
        now = time.monotonic()
        for call in self.account.calls:
            if not call.over:
                try:
                    call.live(now)
                except pj.Error as error:
                    tell(event="error", number=call.number, why=error.reason)
        self.account.calls = [call for call in self.account.calls if not call.over]

    def close(self) -> None:
        self.account.calls.clear()
        self.account.shutdown()
        self.endpoint.libDestroy()


def main() -> None:
    sip_port, rtp_port, own_port = (int(word) for word in sys.argv[1:4])
    exchange = Exchange(sip_port, rtp_port, own_port, json.loads(sys.stdin.readline()))
    ended: SimpleQueue[bool] = SimpleQueue()

    def wait() -> None:
        sys.stdin.read()
        ended.put(True)

    threading.Thread(target=wait, daemon=True).start()
    tell(event="up")
    while True:
        exchange.live()
        try:
            ended.get_nowait()
        except Empty:
            continue
        break
    exchange.close()
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
