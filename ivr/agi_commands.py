"""Commands of one real call: sent, answered, and what failed told apart from who left."""

from ivr.agi_request import ANSWER_S, AgiError, Reply, Request
from ivr.call import HungUp

SOUND_S = 300.0  # longer than any sound of ours
_UP = "6"  # CHANNEL STATUS of a line that is up


class Commands:
    """What `AgiCall` and `AgiKeys` tell the switch with."""

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def hung(self) -> bool:
        """Whether the caller has left."""
        return self._request.hung

    def hang(self) -> None:
        """There is no line any more."""
        self._request.hung = True

    async def do(self, command: str, within_s: float = ANSWER_S) -> Reply:
        """A command that worked. Raises HungUp, or AgiError when it failed while the caller is there."""
        reply = await self.send(command, within_s)
        if self._request.hung:
            raise HungUp
        if reply.result == "-1":
            await self.why_not(command)
        return reply

    async def send(self, command: str, within_s: float = ANSWER_S) -> Reply:
        """A command, whatever came of it. Raises HungUp."""
        if self._request.hung:
            raise HungUp
        reply: Reply = await self._request.send_command(command, within_s)
        return reply

    async def why_not(self, what: str) -> None:
        """-1 is a missing sound or a caller who left; only the channel knows which."""
        status = await self.send("CHANNEL STATUS")
        if self._request.hung or status.result != _UP:
            self.hang()
            raise HungUp
        raise AgiError(f"failed while the caller is there, is the sound missing? {what}")


def key_of(reply: Reply) -> str:
    """The key that ended a command, '' when none did."""
    return "" if reply.result == "0" else chr(int(reply.result))
