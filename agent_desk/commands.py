"""What a desk may be asked: one command is a shape, what it needs, and an act."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from agent_desk.floor import Floor
from agent_desk.house import AgentHouse
from core.contact import agents
from core.contact.agents import AgentView
from core.errors import CallGone, Coded, NotAllowed, NotSignedIn, Refusal, StorageAway, WrongInput
from core.http.access import Access
from core.http.refusals import sentence
from core.staff import audit
from core.values import Actor
from core.work import Work

log = structlog.get_logger()


class Asked(BaseModel):
    """What comes with a command. A field that nobody knows is refused: a typing error is no wish."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=200, frozen=True)


class Nothing(Asked):
    """Nothing comes with it."""


A = TypeVar("A", bound=Asked)
Said = Mapping[str, Any]


@dataclass(frozen=True)
class Seat:
    """Who asks, and at which page: given to every command."""

    house: AgentHouse
    floor: Floor
    by: Actor
    staff_id: int
    page: str

    def work(
        self, interaction_id: int | None = None, *, fleeting: bool = False
    ) -> AbstractAsyncContextManager[Work]:
        return self.house.hotline.work(self.by, interaction_id, fleeting=fleeting)

    def key(self, number: int) -> str:
        """The same for a command that is sent again: the engine then answers as before."""
        return f"desk/{self.staff_id}/{self.page}/{number}"[:80]

    async def agent(self) -> AgentView:
        """Raises NotSignedIn."""
        async with self.house.hotline.read() as db:
            found = await agents.find(db, self.staff_id)
        if found is None:
            raise NotSignedIn(facts={"staff_id": self.staff_id})
        return found

    async def call(self) -> int:
        """The interaction before this operator, in wrap-up too. Raises NotSignedIn, CallGone."""
        agent = await self.agent()
        if agent.interaction_id is None:
            raise CallGone(facts={"staff_id": self.staff_id})
        return agent.interaction_id


@dataclass(frozen=True)
class Command(Generic[A]):
    """access: what the actor needs. lane: commands of one lane of an operator are done one by one.

    numbered: the act also wants the key of the command, for the engine to know a repeat by.
    """

    access: Access
    asks: type[A]
    act: Callable[[Seat, A, str], Awaitable[Said]]
    lane: str | None = None


FAILURE = {"code": "failure", "words": "系统出错了，错误已经记录，请再试一次。", "facts": {}}
BUSY = {"code": "busy", "words": "上一步还在办理，请稍候。", "facts": {}}


async def answer(command: Command[Any] | None, name: str, seat: Seat, number: int, given: object) -> Said:
    """Do one command; `ok` with what came of it, or `no` with a code and words for the operator."""
    try:
        if command is None:
            raise WrongInput(facts={"field": "do"})
        command.access.check(seat.by)
        asked = command.asks.model_validate(given)
        async with seat.floor.lane(seat.staff_id, command.lane):
            return {"ok": await command.act(seat, asked, seat.key(number))}
    except ValidationError as error:
        fields = [
            ".".join(map(str, one["loc"])) for one in error.errors(include_input=False, include_url=False)
        ]
        refusal: Coded = WrongInput(facts={"fields": fields})
    except NotAllowed as no:
        await _write_down(seat, name, no)
        refusal = no
    except (Refusal, StorageAway) as no:
        refusal = no
    except Exception:  # a border: one failed command must not end the desk; what was typed is not logged
        log.exception("desk command failed", command=name, staff_id=seat.staff_id)
        return {"no": FAILURE}
    return {"no": {"code": refusal.code, "words": sentence(refusal), "facts": dict(refusal.facts)}}


async def _write_down(seat: Seat, name: str, refusal: NotAllowed) -> None:
    """Who was refused, and what: as for a route (core.http.access)."""
    why = refusal.facts.get("function") or refusal.facts.get("what") or "hospital"

    async def note(work: Work) -> None:
        await audit.note(work, "refused", what=f"desk {name}", reason=str(why))

    try:
        await seat.house.hotline.run(note, seat.by)
    except Exception:  # a border: they are refused all the same
        log.exception("a refusal was not written down", command=name)
