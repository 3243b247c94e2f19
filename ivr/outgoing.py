"""A call of ours that somebody answered: what is asked, what was pressed, and what that settled.

Whoever answers may not be the patient, and may be a mailbox: until a key says that it is the patient or
the family, no department, no doctor and no date is named. The message is said twice; only a key that
answers it counts as heard.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.calling import dialling
from core.calling.rules import Answer, Outcome
from core.calling.view import CallView
from core.contact.rules import Disposition
from core.people.tables import Person
from core.work import Work
from ivr.call import PERSON, REPEAT, NeedsPerson, Prompt
from ivr.identify import politely
from ivr.line import Line

T = TypeVar("T")

LOOPS = 2
ITS_ME, NOT_ME = "1", "2"


class Unheard(Exception):
    """Nobody pressed a key: a mailbox, or somebody who only listened."""


class WrongNumber(Exception):
    """Whoever answered says that this is not the patient's number."""


@dataclass
class Outgoing:
    """key: the last answer to the message; settled: it is written down, and cannot be lost any more.

    wants: what an operator goes on from, by the fields of a draft. person: the patient, who need not be
    the one who listens: the line knows of nobody.
    """

    line: Line
    told: CallView
    person: Person
    key: str | None = None
    settled: bool = False
    outcome: Outcome = Outcome.HUNG_UP  # how the try ended, where it was not settled
    wants: dict[str, Any] = field(default_factory=dict)

    async def ask(self, *prompts: Prompt, keys: str, counts: bool = True) -> str:
        """Say it, and again when no key comes; one of `keys`. counts: the key is the answer to the message.

        Raises Unheard after two silences, NeedsPerson for 0 and after two wrong keys.
        """
        silences = wrong = 0
        said = prompts
        while True:
            key = await self.line.call.ask(*said)
            said = prompts
            if key and key in keys:
                self.key = key if counts else self.key
                return key
            if key == PERSON:
                self.key = PERSON
                raise NeedsPerson("asked")
            if key == REPEAT:
                continue
            if key:
                wrong += 1
                said = (Prompt("not-a-choice"), *prompts)
            else:
                silences += 1
            if silences == LOOPS:
                raise Unheard
            if wrong == LOOPS:
                raise NeedsPerson("wrong-key")

    async def gate(self, why: str) -> None:
        """Who calls, for whom, and why in a word. Raises WrongNumber, Unheard, NeedsPerson."""
        line = self.line
        line.reached("gate")
        said = [Prompt("greeting")]
        if line.manners.recording:
            said.append(Prompt("recording-notice"))
        said += [Prompt(why, {"name": politely(self.person)}), Prompt("outgoing-gate")]
        if await self.ask(*said, keys=ITS_ME + NOT_ME, counts=False) == NOT_ME:
            self.key = NOT_ME
            raise WrongNumber
        line.reached("told")

    async def settle(self, answer: Answer, act: Callable[[Work], Awaitable[T]]) -> T:
        """Do what the key asks for and note that it was heard, both or neither.

        Raises the refusals of `act`; then nothing is noted.
        """

        async def together(work: Work) -> T:
            made = await act(work)
            await dialling.ended(work, self.line.call.id, Outcome.KEY, key=self.key, answer=answer)
            return made

        made = await self.line.hotline.run(together, self.line.actor, self.line.interaction_id)
        self.settled = True
        return made

    async def heard(self, answer: Answer) -> None:
        """Note the answer; there is nothing else to do for it."""
        await self.settle(answer, nothing)

    async def done(self, what: Disposition, appointment_id: int | None = None) -> None:
        """This is what the call came to, also for somebody who hangs up now."""
        if self.line.chosen:  # a draft was begun for it
            self.line.achieved(what, appointment_id)
        self.line.done = what

    async def farewell(self, what: Disposition, *prompts: Prompt) -> Disposition:
        """The last words, and the end of the call from our side."""
        await self.line.call.say(*prompts, Prompt("goodbye"))
        await self.line.call.hang_up()
        return what

    async def answered_already(self) -> Disposition:
        """It was answered by text or web, or is over, while the telephone rang."""
        async with self.line.hotline.work(self.line.actor, self.line.interaction_id) as work:
            await dialling.ended(work, self.line.call.id, Outcome.SILENT, answer=Answer.ELSEWHERE)
        self.settled = True
        await self.line.call.say(Prompt("greeting"), Prompt("outgoing-answered"))
        await self.line.call.hang_up()
        return Disposition.NOTHING


async def nothing(_work: Work) -> None:
    """Where a key changes nothing but that it was pressed."""
