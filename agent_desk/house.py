"""What the desk, the wall and the recordings need from the rest of the house; the root fills it in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import jinja2
from aiohttp import web

from core.booking.store import Store
from core.contact.calls import Calls
from core.contact.distribution import Policy
from core.feed import Feed
from core.health import Health
from core.observing import Metrics
from core.work import Hotline


@dataclass(frozen=True)
class PhoneAccount:
    """How an operator's phone registers with the switch. socket_url: ws:// or wss:// of the switch."""

    socket_url: str
    user: str
    password: str = field(repr=False)
    domain: str


class Phones(Protocol):
    """The phones of operators: which is whose, and how the one in the page reaches the switch."""

    def up(self) -> bool:
        """Whether the switch can be reached at this moment."""

    def socket_origin(self) -> str:
        """Where phones in pages connect to: ws://127.0.0.1:5062; '' without a switch."""

    def extension(self, number: str | None) -> str:
        """The telephone number of somebody with this 工号. Raises NotFound when there is none."""

    def account(self, extension: str) -> PhoneAccount | None:
        """The account of a phone in the page; None for a phone on the desk, and without a switch."""


@dataclass(frozen=True)
class DeskManners:
    """How desk sockets behave; seconds.

    ping_s: how often a desk is asked whether it is there. silent_s: a page that says nothing for so long
    is gone. stuck_s: a page that takes nothing for so long is cut, and so is one with more than `behind`
    messages unsent. shared_s: what is the same for all desks is told at most this often. grace_s: an
    operator whose page is gone for so long is lost; a reload is quicker. beat_s: the heartbeat of a held
    slot while its call lives; left_s: how long it lives on after the call. gap_s: a recording that paused
    for a secret field goes on after; gap_most_s: one that an operator paused, at the longest. recheck_s:
    how often rights and session of an open desk are asked anew, beside at every event about them.
    """

    ping_s: float = 5.0
    silent_s: float = 12.0
    stuck_s: float = 10.0
    behind: int = 64
    shared_s: float = 1.0
    grace_s: float = 10.0
    beat_s: float = 20.0
    left_s: float = 600.0
    gap_s: float = 20.0
    gap_most_s: float = 180.0
    recheck_s: float = 60.0


@dataclass(frozen=True)
class AgentHouse:
    """The ports of the operators' pages.

    recording: calls are recorded. nudge: somebody may have become free; the distributor looks at once.
    distribution: how calls are given out, by which the wall judges who should be talking. sentence: the words
    of a voice prompt, by its name.
    """

    hotline: Hotline
    store: Store
    feed: Feed
    health: Health
    metrics: Metrics
    calls: Calls
    phones: Phones
    recordings: Path = Path("recordings")  # the folder of sealed recordings
    recording: bool = False
    nudge: Callable[[], None] = lambda: None
    manners: DeskManners = DeskManners()
    distribution: Policy = field(default_factory=Policy)
    sentence: Callable[[str], str] = str


AGENT_HOUSE = web.AppKey("AGENT_HOUSE", AgentHouse)
AGENT_PAGES = web.AppKey("AGENT_PAGES", jinja2.Environment)
