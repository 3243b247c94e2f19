"""What the pages need from the rest of the house; the composition root fills it in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from core.feed import Feed
from core.health import Health
from core.http.sessions import SessionManners
from core.money.cashier import Redirect
from core.observing import Metrics
from core.staff.login import SecondFactor
from core.staff.passwords import Passwords
from core.work import Hotline, Work
from web.wording import Wording


@dataclass(frozen=True)
class CastMember:
    """Somebody a visitor of the demo may call as. about: who they are, in a few words."""

    name: str
    number: str
    about: str = ""


@dataclass(frozen=True)
class DemoPerson:
    """Somebody a visitor of the demo may log in as. about: what they may do, in a few words."""

    login: str
    name: str
    password: str
    about: str


@dataclass(frozen=True)
class PhoneLine:
    """How the phone in the page reaches the switch, and any other SIP phone beside it.

    socket_url: ws:// or wss:// of the switch. user, password, domain: the account that browsers
    share; it may dial `numbers` and nothing else. softphone: the address for any other phone.
    """

    socket_url: str
    user: str
    password: str = field(repr=False)
    domain: str
    numbers: tuple[str, ...]
    softphone: str


class TextShown(Protocol):
    """A text to or from a patient as a page may show it: the number is masked already.

    direction: out or in. body: None when it was dropped before it was written. state: a key of
    core.http.words.TEXT.
    """

    @property
    def direction(self) -> str: ...

    @property
    def text_id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def phone_masked(self) -> str: ...
    @property
    def body(self) -> str | None: ...
    @property
    def state(self) -> str: ...


class HospitalLists(Protocol):
    """Where a hospital's own list of a day is kept until the day is compared."""

    async def put(self, hospital_id: int, day: date, content: bytes) -> None: ...


class DeadShown(Protocol):
    """A text that was given up, its number masked. state: a key of core.http.words.TEXT, or ''."""

    @property
    def outbox_id(self) -> int: ...
    @property
    def incoming(self) -> bool: ...
    @property
    def kind(self) -> str: ...
    @property
    def phone_masked(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def tries(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def readable(self) -> bool: ...
    @property
    def retry(self) -> bool: ...


class HourShown(Protocol):
    """Texts of one hour, by what has become of them."""

    @property
    def begins(self) -> datetime: ...
    @property
    def delivered(self) -> int: ...
    @property
    def sent(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def unknown(self) -> int: ...
    @property
    def total(self) -> int: ...


class NoticeShown(Protocol):
    """A text about a visit, without its words: what it was, when it went, what became of it."""

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def state(self) -> str: ...


class TextRoom(Protocol):
    """Where texts that need a person are looked after. gateways: each by name, and whether it is there.

    about: the texts sent about visits, by appointment, the oldest first.

    reasons: why a text may be read, by code.
    """

    @property
    def reasons(self) -> Mapping[str, str]: ...
    @property
    def gateways(self) -> Callable[[], Sequence[tuple[str, bool]]]: ...

    async def dead(self, db: AsyncSession) -> Sequence[DeadShown]: ...
    async def again(self, work: Work, outbox_id: int) -> None: ...
    async def leave(self, work: Work, outbox_id: int, reason: str) -> None: ...
    async def read(self, work: Work, outbox_id: int, reason: str) -> str: ...
    async def figures(self, db: AsyncSession, now: datetime) -> Sequence[HourShown]: ...
    async def about(
        self, db: AsyncSession, appointment_ids: Sequence[int]
    ) -> Mapping[int, Sequence[NoticeShown]]: ...


@dataclass(frozen=True)
class StreamLimits:
    """Manners of the live streams.

    most: open at once; further pages look by themselves every few seconds. gather_s: events this close
    together are told as one. stuck_s: a browser that takes nothing for so long is gone.
    """

    most: int = 200
    heartbeat_s: float = 15.0
    gather_s: float = 0.15
    stuck_s: float = 10.0


@dataclass(frozen=True)
class WebHouse:
    """The ports of the pages.

    texts: the newest texts, at most so many, newest first. phone: None while no switch can be
    reached. switch_words: how to get a switch, where there is none. sentence: the words of a voice
    prompt by its name, with {slots} unfilled. demo: the start page and the stories exist in the demo only.
    people: staff of the demo, with their passwords; patients: those who have an account there.
    write_text: hands in a text as if its number had written it, in the demo. pay:
    core.money.till.Till.begin; pay_origin: of the cashier's page, to which our form goes. wording: the
    voice, for those who look at it and listen. sms_number: where patients send texts to book; empty while
    none are taken. lists: takes the lists of hospitals that are brought through a page. text_room: for
    texts that need a person.
    """

    hotline: Hotline
    feed: Feed
    health: Health
    metrics: Metrics
    texts: Callable[[int], Awaitable[Sequence[TextShown]]]
    phone: Callable[[], PhoneLine | None]
    cast: Sequence[CastMember] = ()
    switch_words: Callable[[], str] = str
    sentence: Callable[[str], str] = str
    demo: bool = False
    streams: StreamLimits = StreamLimits()
    passwords: Passwords = field(default_factory=Passwords)
    second_factor: SecondFactor = SecondFactor.OPTIONAL
    people: Sequence[DemoPerson] = ()
    patients: Sequence[DemoPerson] = ()
    sms_number: str = ""
    write_text: Callable[[str, str], Awaitable[None]] | None = None
    pay: Callable[..., Awaitable[Redirect]] | None = None
    pay_origin: str = ""
    sessions: SessionManners = field(default_factory=SessionManners)
    lists: HospitalLists | None = None
    text_room: TextRoom | None = None
    wording: Wording = field(kw_only=True)


HOUSE = web.AppKey("HOUSE", WebHouse)
