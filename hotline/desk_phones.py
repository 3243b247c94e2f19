"""The phones of operators: the numbers that the switch knows, and how one in a page registers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_desk.house import PhoneAccount
from core.errors import NotFound
from ivr.dialplan import Installation


@dataclass(frozen=True)
class DeskPhones:
    """reached: the switch while it is up. numbers: those that operators may have (HOTLINE_PHONES)."""

    reached: Callable[[], Installation | None]
    numbers: Sequence[str]

    def up(self) -> bool:
        return self.reached() is not None

    def socket_origin(self) -> str:
        at = self.reached()
        return f"ws://{at.host}:{at.http_port}" if at else ""

    def extension(self, number: str | None) -> str:
        """An operator's phone has the number of the operator."""
        if number is None or number not in self.numbers:
            raise NotFound(facts={"what": "phone"})
        return number

    def account(self, extension: str) -> PhoneAccount | None:
        at = self.reached()
        agent = next((one for one in at.agents if one.number == extension), None) if at else None
        if at is None or agent is None:
            return None
        return PhoneAccount(
            f"ws://{at.host}:{at.http_port}/ws", f"page-{agent.number}", agent.page_password, at.host
        )
