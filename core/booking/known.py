"""What a new draft may begin with: who calls, when only one person is known by the number, and the number."""

from core.booking import draft
from core.booking.draft_view import DraftView
from core.people.engine import household
from core.values import Phone
from core.work import Work

# Begun by somebody already: nothing of ours may overwrite it.
TYPED = frozenset({"name", "person_id", "phone", "contact_phone", "card", "id_number"})


async def begin_with(work: Work, seen: DraftView, ani_sealed: bytes | None) -> DraftView:
    """Fill an untouched draft from the caller's number; the operator asks whether it is so.

    Several people at one number are candidates for the operator to choose among, not a guess of ours.
    A change is for whom its appointment is, and its texts go where they went.
    """
    if ani_sealed is None or seen.verb != "book" or TYPED & set(seen.fields):
        return seen
    number = Phone(work.sealer.open(ani_sealed, "phone"))
    changes: dict[str, object] = {"contact_phone": number.digits} if number.is_mobile else {}
    known = await household(work.db, work.sealer, number)
    if len(known) == 1:
        changes |= {"person_id": known[0].id, "name": known[0].name}
    if not changes:
        return seen
    return await draft.save(work, seen.draft_id, version=seen.version, changes=changes)
