"""Whom an operator calls beside the caller: a colleague, a hospital, a number; and calls we owe."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.catalogue.tables import Hospital
from core.contact import agents, kept, queueing
from core.contact.agent_rules import IN_CALL, AgentState
from core.contact.agents import AgentView
from core.contact.calls import Target, TargetKind
from core.contact.tables import Callback, Interaction
from core.contact.view import InteractionView
from core.errors import (
    CallersWaiting,
    NotFound,
    PhoneInvalid,
    SwitchAway,
    TargetBusy,
    WrongInput,
    WrongState,
)
from core.events import CallbackTried, InteractionOpened, ThirdMoved
from core.values import Channel, phone
from core.work import Work
from ivr.legs import Role, leg_name


@dataclass(frozen=True)
class Reached:
    """phone: what the switch is to ring. staff_id: of a colleague."""

    phone: str = field(repr=False)
    staff_id: int | None = None


@dataclass(frozen=True)
class Targets:
    """outbound: whether there is a way out to hospitals and patients."""

    outbound: bool

    async def reserve(self, work: Work, seen: InteractionView, staff_id: int, target: Target) -> Reached:
        """Note who is called, and keep a colleague free for it.

        Raises TargetBusy, NotFound, PhoneInvalid, SwitchAway where there is no way out, WrongInput for a
        skill group: nobody in it is the one to be asked first, callers are only handed on to it.
        """
        if target.kind is TargetKind.QUEUE:
            raise WrongInput(facts={"field": "target", "why": "queue"})
        row = await agents.live(work, staff_id)
        if target.kind is TargetKind.AGENT:
            reached = await self._colleague(work, seen.interaction_id, int(target.value))
        else:
            reached = await self._outside(work, target)
        row.third = {"kind": target.kind.value, "label": target.label, "state": "dialling", "leg": None}
        row.version += 1
        work.record(
            ThirdMoved(
                interaction_id=seen.interaction_id,
                staff_id=staff_id,
                target=target.kind.value,
                state="dialling",
            )
        )
        return reached

    async def _colleague(self, work: Work, interaction_id: int, staff_id: int) -> Reached:
        colleague = await agents.live(work, staff_id)
        if colleague.state != AgentState.READY or colleague.lost_since is not None:
            raise TargetBusy
        await agents.step(work, colleague, AgentState.RINGING, interaction_id=interaction_id)
        prefix = "page-" if colleague.device == "page" else ""
        return Reached(f"PJSIP/{prefix}{colleague.extension}", staff_id)

    async def _outside(self, work: Work, target: Target) -> Reached:
        if not self.outbound:
            raise SwitchAway(facts={"why": "no way out"})
        number = target.value
        if target.kind is TargetKind.HOSPITAL:
            hospital = await work.db.get(Hospital, int(target.value))
            if hospital is None or not hospital.phone:
                raise NotFound(facts={"what": "hospital"})
            number = hospital.phone
        return Reached(f"PJSIP/{_dialled(number, demo=work.demo)}@outbound")

    async def called(self, work: Work, interaction_id: int, staff_id: int, *, leg: str) -> None:
        """The leg that was begun for the third party."""
        row = await agents.live(work, staff_id)
        if row.third is not None:
            row.third = {**row.third, "leg": leg}

    async def answered(self, work: Work, interaction_id: int, staff_id: int) -> None:
        await self._moved(work, interaction_id, staff_id, "talking")

    async def away(self, work: Work, interaction_id: int, staff_id: int) -> None:
        """The colleague's page broke in the middle of it: they are expected back."""
        await self._moved(work, interaction_id, staff_id, "away")

    async def gone(self, work: Work, interaction_id: int, staff_id: int) -> None:
        await self._moved(work, interaction_id, staff_id, "gone")

    async def _moved(self, work: Work, interaction_id: int, staff_id: int, state: str) -> None:
        row = await agents.live(work, staff_id)
        if row.third is None or row.interaction_id != interaction_id or row.third["state"] == state:
            return
        kind = str(row.third["kind"])
        row.third = None if state == "gone" else {**row.third, "state": state}
        row.version += 1
        work.record(ThirdMoved(interaction_id=interaction_id, staff_id=staff_id, target=kind, state=state))

    async def call_back(self, work: Work, staff_id: int, callback_id: int, *, in_turn: bool = False) -> int:
        """Begin a contact of our own for a call we owe; returns it. in_turn: the queue says it is its turn.

        Raises NotFound, NotSignedIn, WrongState when the operator is engaged or nothing is owed,
        CallersWaiting when a free operator is needed for those who wait, SwitchAway without a way out.
        """
        if not self.outbound:
            raise SwitchAway(facts={"why": "no way out"})
        owed = await work.db.get(Callback, callback_id)
        if owed is None or owed.phone_sealed is None:
            raise NotFound(facts={"what": "callback"})
        if owed.state != "owed":
            raise WrongState(facts={"state": owed.state})
        row = await agents.live(work, staff_id)
        if in_turn and (row.state != AgentState.READY or row.lost_since is not None):
            raise WrongState(facts={"state": row.state})
        if not await kept.may_call(work, callback_id):
            raise WrongState(facts={"state": "calling"})
        if row.state == AgentState.READY and not in_turn and not await queueing.spare(work):
            raise CallersWaiting
        number = work.sealer.open(owed.phone_sealed, "phone")
        linked_id = f"out-{work.chance.token()}"
        made = Interaction(
            linked_id=linked_id,
            channel=Channel.PHONE.value,
            direction="out",
            ani_print=work.sealer.fingerprint(number, "phone"),
            ani_sealed=owed.phone_sealed,
            dnis="",
            person_id=owed.person_id,
            state="offered",
            reached="callback",
            staff_id=staff_id,
            started_at=work.now,
        )
        work.db.add(made)
        await work.db.flush()
        await kept.calls(work, callback_id, made.id)
        await agents.step(work, row, AgentState.DIALLING, interaction_id=made.id)
        owed.tries += 1
        owed.tried_at, owed.staff_id = work.now, staff_id
        work.record(
            InteractionOpened(
                interaction_id=made.id, linked_id=linked_id, dnis="", known=True, state=made.state
            )
        )
        work.record(CallbackTried(interaction_id=made.id, callback_id=callback_id, staff_id=staff_id))
        return made.id


def called_in_by(
    signed_in: Iterable[AgentView], interaction_id: int | None, staff_id: int
) -> AgentView | None:
    """Who called this operator into this contact, to consult them or as the third of three; None: nobody."""
    for agent in signed_in:
        leg = leg_name(str((agent.third or {}).get("leg")))
        if (
            agent.state in IN_CALL
            and agent.interaction_id == interaction_id
            and leg is not None
            and (leg.role, leg.staff_id) == (Role.AGENT, staff_id)
        ):
            return agent
    return None


def consulted_by(
    signed_in: Iterable[AgentView], interaction_id: int | None, staff_id: int
) -> AgentView | None:
    """Who consults this operator beside the caller of this contact; None when nobody does."""
    agent = called_in_by(signed_in, interaction_id, staff_id)
    return agent if agent and agent.state is AgentState.CONSULTING else None


def _dialled(number: str, *, demo: bool) -> str:
    """Digits for the trunk; a hospital's number may be a short one that phone() would not take."""
    digits = "".join(character for character in number if character.isdigit())
    try:
        return phone(number, demo=demo).digits
    except PhoneInvalid:
        if not 3 <= len(digits) <= 12:
            raise
        return digits
