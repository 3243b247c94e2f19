"""A message centre that is not ours: the server of smpp.twisted3, from which Jasmin's is made.

A process of its own, `smsc_process.py PORT`, until its standard input ends. Its first line tells two ports:
of the centre and of whoever holds it. Each new holder finds it as if it had just been started, tells it
what to do by lines of JSON and hears by lines of JSON what happens; what it understands of a text, its own
decoder understood. `plan` holds what becomes of the next parts:

- ok, or the name of a status: answered so; anything but ok is not taken.
- raw:N: answered with the status N, whatever that is.
- hold: taken, and answered when it is told `release`. silent: taken, and never answered.
- cut: taken, and the line cut before the answer. drop: the line cut, and nothing taken.
"""

import json
import struct
import sys
from typing import Any

from smpp.pdu.operations import DeliverSM, EnquireLink
from smpp.pdu.pdu_encoding import DataCodingEncoder
from smpp.pdu.pdu_types import (
    AddrNpi,
    AddrTon,
    CommandStatus,
    DataCoding,
    DataCodingScheme,
    EsmClass,
    EsmClassGsmFeatures,
    EsmClassMode,
    EsmClassType,
    MessageState,
    PriorityFlag,
    RegisteredDelivery,
    RegisteredDeliveryReceipt,
    ReplaceIfPresentFlag,
)
from smpp.pdu.sm_encoding import SMStringEncoder
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse, SMPPServerProtocol
from smpp.twisted.server import IAuthenticatedSMPP, SMPPServerFactory
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor, stdio
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.basic import LineOnlyReceiver
from zope.interface import implementer

NUMBERS = {"unknown": AddrTon.UNKNOWN, "international": AddrTon.INTERNATIONAL}


holders: list[Any] = []


def say(happened: str, **facts: Any) -> None:
    for holder in holders:
        holder.sendLine(json.dumps({"is": happened, **facts}).encode())


@implementer(IRealm)
class Realm:
    def requestAvatar(self, avatar: Any, mind: Any, *interfaces: Any) -> Any:
        return IAuthenticatedSMPP, avatar, lambda: None


@implementer(ICredentialsChecker)
class OneHouse:
    credentialInterfaces = (IUsernamePassword,)

    def requestAvatarId(self, named: Any) -> Any:
        if (named.username, named.password) != ("house", "secret"):
            raise UnauthorizedLogin
        return named.username


class Line(SMPPServerProtocol):
    def connectionMade(self) -> None:
        SMPPServerProtocol.connectionMade(self)
        self.factory.centre.lines.append(self)

    def connectionLost(self, reason: Any) -> None:
        SMPPServerProtocol.connectionLost(self, reason)
        self.factory.centre.lines.remove(self)
        say("gone")

    def onPDURequest_enquire_link(self, request: Any) -> None:
        say("enquired")
        if not self.factory.centre.deaf:
            SMPPServerProtocol.onPDURequest_enquire_link(self, request)

    def onPDURequest_unbind(self, request: Any) -> None:
        say("unbound")
        self.inTxns.clear()  # its own does not say goodbye while it owes us an answer
        SMPPServerProtocol.onPDURequest_unbind(self, request)

    def doBindRequest(self, request: Any, state: Any) -> Any:
        done = SMPPServerProtocol.doBindRequest(self, request, state)
        if self.isBound():
            say("bound", as_transceiver="bind_transceiver" in str(request.commandId))
        return done


class Centre:
    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.renew()

    @property
    def line(self) -> Any:
        return self.lines[-1]

    def renew(self) -> None:
        for line in list(self.lines):
            line.transport.abortConnection()
        self.plan: list[str] = []
        self.held: list[Any] = []
        self.deaf = False
        self.most_under_way = self.parts = 0

    # --- what the house sends -------------------------------------------------------------------

    def submitted(self, _system_id: str, line: Any, pdu: Any) -> Any:
        step = self.plan.pop(0) if self.plan else "ok"
        taken = step in ("ok", "hold", "silent", "cut")
        message_id = ""
        if taken:
            self.parts += 1
            message_id = f"{self.parts:08d}"
        say("submitted", **self.understood(pdu), step=step, id=message_id)
        if step in ("cut", "drop"):
            line.transport.abortConnection()
            return Deferred()
        if step.startswith("raw:"):
            line.transport.write(struct.pack("!IIII", 16, 0x80000004, int(step[4:]), pdu.seqNum))
            return Deferred()
        if step == "silent":
            return Deferred()
        if step == "hold":
            answer: Any = Deferred()
            self.held.append((answer, message_id))
            self.most_under_way = max(self.most_under_way, len(self.held))
            return answer
        if step == "ok":
            return DataHandlerResponse(CommandStatus.ESME_ROK, message_id=message_id)
        return CommandStatus[step]

    def understood(self, pdu: Any) -> dict[str, Any]:
        said = SMStringEncoder().decodeSM(pdu)
        facts = {
            "from": pdu.params["source_addr"].decode(),
            "to": pdu.params["destination_addr"].decode(),
            "ton": pdu.params["dest_addr_ton"].name,
            "hex": pdu.params["short_message"].hex(),
            "coding": DataCodingEncoder()._encodeAsInt(pdu.params["data_coding"]),
            "words": said.unicode,
            "receipt": pdu.params["registered_delivery"].receipt.name,
        }
        element = SMStringEncoder().getConcatenatedSMInfoElement(pdu)
        if element is not None:
            facts |= {
                "reference": element.data.referenceNum,
                "total": element.data.maximumNum,
                "number": element.data.sequenceNum,
            }
        return facts

    # --- what the house is sent -----------------------------------------------------------------

    def deliver(self, told: dict[str, Any]) -> None:
        features = [EsmClassGsmFeatures.UDHI_INDICATOR_SET] if told.get("udhi") else []
        kind = EsmClassType[told.get("kind", "DEFAULT")]
        options: dict[str, Any] = dict(told.get("options", {}))
        if "message_state" in options:
            options["message_state"] = MessageState[options["message_state"]]
        if "message_payload" in options:
            options["message_payload"] = bytes.fromhex(options["message_payload"])
        pdu = DeliverSM(
            service_type="",
            source_addr_ton=NUMBERS[told.get("ton", "unknown")],
            source_addr_npi=AddrNpi.ISDN,
            source_addr=told["from"],
            dest_addr_ton=AddrTon.UNKNOWN,
            dest_addr_npi=AddrNpi.ISDN,
            destination_addr=told["to"],
            esm_class=EsmClass(EsmClassMode.DEFAULT, kind, features),
            protocol_id=0,
            priority_flag=PriorityFlag.LEVEL_0,
            registered_delivery=RegisteredDelivery(
                RegisteredDeliveryReceipt.NO_SMSC_DELIVERY_RECEIPT_REQUESTED
            ),
            replace_if_present_flag=ReplaceIfPresentFlag.DO_NOT_REPLACE,
            data_coding=DataCoding(DataCodingScheme.RAW, told.get("coding", 0)),
            short_message=bytes.fromhex(told["hex"]),
            custom_tlvs=[
                (tag, None, "OctetString", bytes.fromhex(value)) for tag, value in told.get("own", [])
            ],
            **options,
        )
        answered = self.line.sendDataRequest(pdu)
        answered.addCallback(lambda got: say("answered", tag=told["tag"], status=got.response.status.name))
        answered.addErrback(
            lambda failure: say(
                "answered",
                tag=told["tag"],
                status=getattr(
                    getattr(failure.value, "response", None), "status", CommandStatus.ESME_RUNKNOWNERR
                ).name,
            )
        )

    def enquire(self) -> None:
        asked = self.line.sendRequest(EnquireLink(), 30)
        asked.addCallback(lambda got: say("enquiry-answered", status=got.response.status.name))

    # --- what it is told ------------------------------------------------------------------------

    def do(self, told: dict[str, Any]) -> None:
        what = told["do"]
        if what == "plan":
            self.plan += told["steps"]
        elif what == "deliver":
            self.deliver(told)
        elif what == "release":
            count = told.get("count", len(self.held))
            freed, self.held = self.held[:count], self.held[count:]
            for answer, message_id in freed:
                answer.callback(DataHandlerResponse(CommandStatus.ESME_ROK, message_id=message_id))
        elif what == "enquire":
            self.enquire()
        elif what == "deafen":
            self.deaf = True
        elif what == "unbind":
            self.line.unbindAndDisconnect()
        elif what == "cut":
            self.line.transport.abortConnection()
        elif what == "write":
            self.line.transport.write(bytes.fromhex(told["hex"]))
        say("done", most_under_way=self.most_under_way)


class Holder(LineOnlyReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 1_000_000

    def connectionMade(self) -> None:
        self.factory.centre.renew()
        holders[:] = [self]
        say("held")

    def lineReceived(self, line: bytes) -> None:
        self.factory.centre.do(json.loads(line))

    def connectionLost(self, reason: Any) -> None:
        if self in holders:
            holders.remove(self)


class Alive(Protocol):
    def connectionLost(self, reason: Any) -> None:
        if reactor.running:
            reactor.stop()


def main() -> None:
    centre = Centre()
    portal = Portal(Realm())
    portal.registerChecker(OneHouse())
    config = SMPPServerConfig(
        systems={"house": {"max_bindings": 5}},
        msgHandler=centre.submitted,
        enquireLinkTimerSecs=0,
        inactivityTimerSecs=0,
        responseTimerSecs=60,
    )
    factory = SMPPServerFactory(config, portal)
    factory.protocol = Line
    factory.centre = centre
    held = Factory.forProtocol(Holder)
    held.centre = centre
    port = reactor.listenTCP(int(sys.argv[1]), factory, interface="127.0.0.1")
    control = reactor.listenTCP(0, held, interface="127.0.0.1")
    stdio.StandardIO(Alive())
    sys.stdout.write(f"{port.getHost().port} {control.getHost().port}\n")
    sys.stdout.flush()
    reactor.run()


if __name__ == "__main__":
    main()
