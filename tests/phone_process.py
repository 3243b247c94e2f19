"""One SIP telephone as a process of its own: pjsua2 has one state for each process.

Run as `phone_process.py SIP_PORT RTP_PORT NUMBER OWN_PORT [PASSWORD]`; OWN_PORT 0 takes a free one. Commands come as JSON lines on
stdin, what happens goes out as JSON lines on stdout. What is heard is written as a WAV file while
the call lasts: 8 kHz, 16 bit, one channel.
"""

import ctypes
import json
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pjsua2 as pj

HOST = "127.0.0.1"


def tell(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


class Line(pj.Call):
    """One call of this phone. wav: where to write what is heard."""

    def __init__(self, account: pj.Account, wav: str, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self._wav = wav
        self._recorder: pj.AudioMediaRecorder | None = None
        self._player: pj.AudioMediaPlayer | None = None

    def hear(self, wav: str) -> None:
        """Write what is heard to this file, from the answer on."""
        self._wav = wav or self._wav

    def play(self, wav: str) -> None:
        """Say what is in a file, over and over, from now on."""
        self._player = pj.AudioMediaPlayer()
        self._player.createPlayer(wav)
        info = self.getInfo()  # kept: its media go with it
        for place, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self._player.startTransmit(self.getAudioMedia(place))

    def onCallState(self, _param: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            tell(event="answered")
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._recorder = self._player = None  # the header is written when it goes
            tell(event="ended", code=int(info.lastStatusCode))

    def onCallMediaState(self, _param: Any) -> None:
        info = self.getInfo()
        for place, media in enumerate(info.media):
            active = media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
            if active and self._wav and self._recorder is None:
                self._recorder = pj.AudioMediaRecorder()
                self._recorder.createRecorder(self._wav)
                self.getAudioMedia(place).startTransmit(self._recorder)


class Account(pj.Account):
    """Tells of calls that come in; they ring until 'answer'."""

    incoming: Line | None = None

    def onIncomingCall(self, param: Any) -> None:
        self.incoming = Line(self, "", param.callId)
        ringing = pj.CallOpParam()
        ringing.statusCode = pj.PJSIP_SC_RINGING
        self.incoming.answer(ringing)
        tell(event="ringing", by=self.incoming.getInfo().remoteUri)

    def onRegState(self, param: Any) -> None:
        tell(event="registered" if self.getInfo().regIsActive else "not-registered", code=int(param.code))


def teach_digests() -> None:
    """The wheel's own OpenSSL knows no digest until it is told to; without one no password is proven."""
    for library in (Path(pj.__file__).parent.parent / "pjsua2_python.libs").glob("libcrypto-*"):
        known = ctypes.CDLL(str(library))
        if hasattr(known, "OPENSSL_add_all_algorithms_noconf"):
            known.OPENSSL_add_all_algorithms_noconf()


class Phone:
    def __init__(
        self, sip_port: int, rtp_port: int, number: str, own_port: int, password: str | None
    ) -> None:
        teach_digests()
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.logConfig.level = 0
        config.logConfig.consoleLevel = 0
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self.endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = HOST
        transport.port = own_port
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        self._server = f"{HOST}:{sip_port}"
        account = pj.AccountConfig()
        account.idUri = f"sip:{number}@{self._server}"
        account.mediaConfig.transportConfig.boundAddress = HOST
        account.mediaConfig.transportConfig.port = rtp_port
        if password is not None:
            account.regConfig.registrarUri = f"sip:{self._server}"
            account.regConfig.retryIntervalSec = 0
            account.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", number, 0, password))
        self.account = Account()
        self.account.create(account)
        self.line: Line | None = None
        self.over = False

    def obey(self, command: dict[str, Any]) -> None:
        match command["do"]:
            case "call":
                self.line = Line(self.account, command.get("wav", ""))
                param = pj.CallOpParam(True)
                for name, value in command.get("headers", {}).items():
                    header = pj.SipHeader()
                    header.hName, header.hValue = name, value
                    param.txOption.headers.append(header)
                self.line.makeCall(f"sip:{command['number']}@{self._server}", param)
            case "press":
                self._press(command["keys"], command.get("how", "rfc4733"))
            case "play" if self.line:
                self.line.play(command["wav"])
            case "answer" if self.account.incoming:
                self.line = self.account.incoming
                self.line.hear(command.get("wav", ""))
                accepted = pj.CallOpParam()
                accepted.statusCode = pj.PJSIP_SC_OK
                self.line.answer(accepted)
            case "refuse" if self.account.incoming:
                busy = pj.CallOpParam()
                busy.statusCode = pj.PJSIP_SC_BUSY_HERE
                self.account.incoming.hangup(busy)
            case "hang-up" if self.line and self.line.isActive():
                self.line.hangup(pj.CallOpParam())
            case "end":
                self.over = True

    def _press(self, keys: str, how: str) -> None:
        if self.line is None or not self.line.isActive():
            return
        param = pj.CallSendDtmfParam()
        param.digits = keys
        param.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if how == "info" else pj.PJSUA_DTMF_METHOD_RFC2833
        param.duration = 100
        self.line.sendDtmf(param)

    def close(self) -> None:
        self.line = self.account.incoming = None
        self.account.shutdown()
        self.endpoint.libDestroy()


def main() -> None:
    sip_port, rtp_port, number, own_port = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    phone = Phone(sip_port, rtp_port, number, own_port, sys.argv[5] if len(sys.argv) > 5 else None)
    commands: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            commands.put(json.loads(line))
        commands.put({"do": "end"})

    threading.Thread(target=read, daemon=True).start()
    tell(event="up")
    while not phone.over:
        phone.endpoint.libHandleEvents(10)
        try:
            command = commands.get_nowait()
        except Empty:
            continue
        try:
            phone.obey(command)
        except pj.Error as error:
            tell(event="error", why=error.reason)
    phone.close()


if __name__ == "__main__":
    main()
