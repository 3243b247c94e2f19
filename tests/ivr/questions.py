"""A caller who remembers what was asked in one go, and whether our menus know it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ivr.call import Prompt
from ivr.menus_heard import menus
from tests.callers import Caller

# Said before a question is asked again; they hold no choice.
NOTICES = {"no-input", "not-a-choice", "slower"}
# A shorter wording of a sentence that stands in the menus.
SHORTER = {
    "appointment-menu": "appointment-menu-more",
    "appointment-department": "appointment",
    "read-back-department": "read-back",
    "outgoing-offer-department": "outgoing-offer",
}


@dataclass
class Asked(Caller):
    """Remembers what was asked in one go, where one key answers."""

    questions: list[list[str]] = field(default_factory=list)

    async def ask(
        self,
        *prompts: Prompt,
        digits: int = 1,
        secret: bool = False,
        star: bool = False,
        leading_zero: bool = False,
    ) -> str:
        if digits == 1:
            self.questions.append(names(prompts))
        return await super().ask(*prompts, digits=digits, secret=secret, star=star, leading_zero=leading_zero)


def names(prompts: Iterable[Prompt]) -> list[str]:
    heard = [prompt.name for prompt in prompts if prompt.name not in NOTICES]
    return [SHORTER.get(name, name) for name in heard]


def within(question: list[str], menu: list[str]) -> bool:
    """Whether a menu has all that a question says: at least as many options, and the rest in its order."""
    rest = iter(menu)
    return all(name in rest for name in question if not name.startswith("option")) and (
        len([name for name in question if name.startswith("option")])
        <= len([name for name in menu if name.startswith("option")])
    )


def unmeasured(questions: Iterable[list[str]]) -> list[list[str]]:
    """Those that are no menu of ours, and so could be of any length."""
    known = [names(menu.prompts) for menu in menus()]
    return [question for question in questions if not any(within(question, menu) for menu in known)]
