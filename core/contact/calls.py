"""What desks and supervisors ask of the telephone: the port, and the targets of a transfer."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class TargetKind(StrEnum):
    AGENT = "agent"  # a colleague, by staff id
    QUEUE = "queue"  # back to the queue, for a skill ('' for anybody)
    HOSPITAL = "hospital"  # a hospital's clinic desk, by hospital id
    NUMBER = "number"  # any number


@dataclass(frozen=True)
class Target:
    """Whom to call beside the caller. value: by kind, as text; label: what the desk shows of it."""

    kind: TargetKind
    value: str = field(repr=False)
    label: str = ""


class Calls(Protocol):
    """Call control for one operator's own call.

    The caller stays in the call's room whatever happens to the operator's leg; these move the other legs.
    All raise SwitchAway when the switch cannot be reached, CallGone when the call is over or not
    theirs, WrongState when the state does not allow it, NotSignedIn.
    """

    async def refuse(self, staff_id: int) -> None:
        """Let the ringing call go to somebody else."""

    async def rejoin(self, staff_id: int) -> None:
        """Ring the operator's phone again for the call that is theirs: a page that has come back.

        The page answers by itself what was answered before. A leg they still had, or that still rang, of
        the page that went, is ended.
        """

    async def hold(self, staff_id: int) -> None:
        """The caller hears music; the operator's leg waits outside, silent."""

    async def retrieve(self, staff_id: int) -> None:
        """Back from hold, or from a consultation whose other party is gone."""

    async def finish(self, staff_id: int) -> None:
        """End the talk: the caller hears the good-bye and is let go; the operator wraps up."""

    async def consult(self, staff_id: int, target: Target) -> None:
        """Call somebody while the caller hears music. Raises TargetBusy."""

    async def complete(self, staff_id: int) -> None:
        """Hand the caller to the party consulted (attended transfer); the operator wraps up."""

    async def conference(self, staff_id: int) -> None:
        """All three together: the party consulted joins the room."""

    async def abandon(self, staff_id: int) -> None:
        """Let the party consulted go, and talk to the caller again."""

    async def transfer(self, staff_id: int, target: Target) -> None:
        """Hand the caller on at once (blind transfer); a colleague or a queue gets the draft with it."""

    async def keys(self, staff_id: int, digits: str) -> None:
        """Send keys to the third party."""

    async def dial(self, staff_id: int, callback_id: int) -> int:
        """Call back somebody we owe a call; returns the new interaction."""

    async def gap(self, interaction_id: int, *, on: bool, why: str) -> None:
        """Stop and resume the recording while something secret is said or keyed."""

    async def page(self, staff_id: int, *, there: bool) -> None:
        """The operator's page came or went; their phone may have gone with it."""

    async def listen(self, supervisor_id: int, staff_id: int, how: str) -> None:
        """how: 'listen', 'whisper' (only the operator hears), 'barge' (both hear), 'off'."""

    async def take_over(self, supervisor_id: int, staff_id: int) -> None:
        """The supervisor's phone joins and the operator's leg leaves."""
