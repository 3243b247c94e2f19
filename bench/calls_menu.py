"""The same menu without us: what our dialogue says, asked by a dialplan of Background and WaitExten."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.booking.store import Store
from core.work import Hotline
from ivr.call import Prompt
from ivr.line import Manners
from ivr.reception import Desk
from tests.callers import Caller

NUMBER = "12399"  # dialled for the dialplan's menu
WAIT_S = 5


@dataclass(frozen=True)
class Step:
    """One question: what is said before the key, and how many keys answer it; the last step has none."""

    said: tuple[Prompt, ...]
    digits: int = 0


@dataclass
class Listener(Caller):
    """A caller in memory who keeps every sentence with its values, question by question."""

    steps: list[Step] = field(default_factory=list)
    _said: list[Prompt] = field(default_factory=list)

    async def say(self, *prompts: Prompt, barge: bool = True) -> None:
        await super().say(*prompts, barge=barge)
        self._said += prompts

    async def ask(self, *prompts: Prompt, digits: int = 1, **more: bool) -> str:
        keys = await super().ask(*prompts, digits=digits, **more)
        self.steps.append(Step((*self._said, *prompts), len(keys)))
        self._said = []
        return keys

    async def hang_up(self) -> None:
        await super().hang_up()
        self.steps.append(Step(tuple(self._said)))


async def heard(hotline: Hotline, store: Store, *, number: str, keys: str) -> list[Step]:
    """Our dialogue from the greeting to the good-bye, as somebody hears it who presses these keys."""
    caller = Listener(keys, ani=number, id=f"bench-{number}")
    await Desk(hotline, store, Manners()).receive(caller)
    if caller.target is not None or not caller.steps or caller.steps[-1].digits:
        raise AssertionError(f"the dialogue went elsewhere: {caller.heard}")
    return caller.steps


async def dialplan(steps: Sequence[Step], sounds: Callable[[Prompt], Awaitable[list[str]]]) -> str:
    """The contexts of the menu, one for each question; the trunk's extension leads to the first."""
    lines = [
        "[trunk](+)",
        f"exten => {NUMBER},1,Set(CHANNEL(language)=zh)",
        " same => n,Answer(,i)",
        " same => n,Goto(bench-0,s,1)",
    ]
    for place, step in enumerate(steps):
        lines.append(f"[bench-{place}]")
        last = not step.digits
        first = "exten => s,1," if last else "exten => s,1,NoOp()\n same => n(ask),"
        said = ["&".join(await sounds(prompt)) for prompt in step.said]
        application = "Playback" if last else "Background"
        lines.append(first + f"{application}({said[0]})")
        lines += [f" same => n,{application}({one})" for one in said[1:]]
        if last:
            lines.append(" same => n,Hangup()")
            continue
        lines.append(f" same => n,WaitExten({WAIT_S})")
        lines.append(f"exten => _{'X' * step.digits},1,Goto(bench-{place + 1},s,1)")
        lines.append("exten => t,1,Goto(s,ask)")
        lines.append("exten => i,1,Goto(s,ask)")
    return "\n".join(lines) + "\n"
