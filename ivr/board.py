"""Who is where at this moment, from the switch's events: every caller and every leg, by unique id. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from ivr.legs import LegName, Place, Role, leg_name, place_of, room_of
from ivr.switch_events import ChannelOpened


@dataclass
class Leg:
    """One channel. name: None for a caller's own. room: the Linkedid whose conference it is in.

    went_on: it was in a conference or in the switch's queue, or may have been: we have not heard all of it.
    """

    unique_id: str
    channel: str
    linked_id: str
    name: LegName | None
    place: Place | None
    since: datetime
    room: str | None = None
    up: bool = False  # answered, as the snapshot said
    went_on: bool = True


# So many calls are remembered by the contact they belong to: several hours' worth.
CALLS_KEPT = 4096


@dataclass
class Board:
    """legs: every channel there is. `synced`: whether the switch has told everything.

    calls: of each contact that a leg was begun for, the Linkedid of its caller.
    """

    legs: dict[str, Leg] = field(default_factory=dict)
    synced: bool = False
    calls: dict[int, str] = field(default_factory=dict)

    def start_from(self, channels: Iterable[ChannelOpened], now: datetime) -> None:
        """Forget, and begin with what the switch says it has. Since when they are where they are is kept."""
        before = self.legs
        self.legs = {}
        for one in channels:
            known = before.get(one.uniqueid)
            place = place_of(one.application, one.data, one.up, one.bridged)
            room = room_of(one.data.partition(",")[0])[0] if place in (Place.ROOM, Place.CONSULT) else None
            same = known is not None and (known.place, known.room) == (place, room)
            name = leg_name(one.uniqueid)
            if name is not None and room is not None:
                self.belongs(name.interaction_id, room)
            self.legs[one.uniqueid] = Leg(
                one.uniqueid,
                one.channel,
                one.linkedid,
                name,
                place,
                known.since if known and same else now,
                room,
                one.up,
            )
        self.synced = True

    def opened(self, event: ChannelOpened, now: datetime) -> None:
        name = leg_name(event.uniqueid)
        place = Place.RINGING if name else None
        self.legs[event.uniqueid] = Leg(
            event.uniqueid, event.channel, event.linkedid, name, place, now, went_on=False
        )

    def entered(self, conference: str, unique_id: str, now: datetime) -> Leg | None:
        """A leg came into a conference; None when we have never heard of it."""
        leg = self.legs.get(unique_id)
        if leg is None:
            return None
        leg.went_on = True
        leg.room, beside = room_of(conference)
        leg.place, leg.since = (Place.CONSULT if beside else Place.ROOM), now
        if leg.name is not None:
            self.belongs(leg.name.interaction_id, leg.room)
        return leg

    def queued(self, unique_id: str) -> None:
        """The switch's own queue has this caller."""
        leg = self.legs.get(unique_id)
        if leg is not None:
            leg.went_on = True

    def belongs(self, interaction_id: int, linked_id: str) -> None:
        """This contact's caller is that channel."""
        if interaction_id not in self.calls and len(self.calls) >= CALLS_KEPT:
            del self.calls[next(iter(self.calls))]
        self.calls[interaction_id] = linked_id

    def call_of(self, interaction_id: int) -> str:
        """What all that belongs to one call has in common: its caller's Linkedid where it is known."""
        return self.calls.get(interaction_id) or f"contact {interaction_id}"

    def left(self, unique_id: str, now: datetime) -> Leg | None:
        leg = self.legs.get(unique_id)
        if leg is not None:
            leg.room, leg.since = None, now
            leg.place = Place.ASIDE if leg.name else Place.WAITING
        return leg

    def closed(self, unique_id: str) -> Leg | None:
        return self.legs.pop(unique_id, None)

    def caller(self, linked_id: str) -> Leg | None:
        """A call's caller: the channel whose unique id is the call's Linkedid."""
        return self.legs.get(linked_id)

    def agent(self, interaction_id: int, staff_id: int) -> Leg | None:
        """An operator's leg in a call; the newest when a page has just come back."""
        mine = self.of(interaction_id, Role.AGENT, staff_id)
        return mine[-1] if mine else None

    def third(self, interaction_id: int, staff_id: int) -> Leg | None:
        thirds = self.of(interaction_id, Role.THIRD, staff_id)
        return thirds[-1] if thirds else None

    def of(self, interaction_id: int, role: Role | None = None, staff_id: int | None = None) -> list[Leg]:
        """The legs we began for a call, oldest first."""
        found = [
            leg
            for leg in self.legs.values()
            if leg.name is not None
            and leg.name.interaction_id == interaction_id
            and role in (None, leg.name.role)
            and staff_id in (None, leg.name.staff_id)
        ]
        return sorted(found, key=lambda leg: leg.name.ordinal if leg.name else 0)

    def in_room(self, linked_id: str) -> list[Leg]:
        """Who is in a call's room, as they are now: what becomes of them later changes nothing here."""
        return [
            replace(leg) for leg in self.legs.values() if leg.place is Place.ROOM and leg.room == linked_id
        ]

    def has_call(self, linked_id: str) -> bool:
        """Whether a channel of this call is there."""
        return linked_id in self.legs or any(leg.linked_id == linked_id for leg in self.legs.values())

    @property
    def linked_ids(self) -> frozenset[str]:
        return frozenset(leg.linked_id for leg in self.legs.values())

    @property
    def unique_ids(self) -> frozenset[str]:
        return frozenset(self.legs)
