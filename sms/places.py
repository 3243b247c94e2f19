"""What a booking text means: the department, or the doctor in one."""

from dataclasses import dataclass

from core.catalogue import engine as catalogue
from core.catalogue.codes import post_of_code
from core.catalogue.search_rules import Entry
from core.catalogue.tables import Post
from sms.grammar import Asked
from sms.sender import Sender

# Departments or doctors that a few words may mean; more than this is no choice but a catalogue.
MOST = 18


@dataclass(frozen=True)
class Place:
    """A department, or a doctor in one, and what it is called in a list."""

    department_id: int
    doctor_id: int | None
    label: str = ""


async def places(sender: Sender, asked: Asked) -> list[Place]:
    """What a code or the words mean, best first; a hospital alone means each of its departments.

    A code stands by itself: words beside a figure that is no day are not understood, and mean nothing.
    """
    async with sender.hotline.read() as db:
        if asked.figures is not None:
            post_id = None if asked.names else post_of_code(asked.figures)
            post = await db.get(Post, post_id) if post_id is not None else None
            return [Place(post.department_id, post.doctor_id)] if post is not None and post.open else []
        if not asked.names:
            return []
        found = await sender.finder.named(db, asked.names, limit=MOST)
        if found and found[0].kind == "hospital":
            here = await catalogue.open_departments(db, found[0].id)
            return [Place(one.id, None, f"){one.name}") for one in here]
    # '心血管内科' is in many hospitals.
    several = len({one.hospital_id for one in found}) > 1
    return [
        Place(one.department_id, one.doctor_id, _label(one, with_hospital=several))
        for one in found
        if one.department_id is not None
    ]


def _label(one: Entry, *, with_hospital: bool) -> str:
    """'省医心血管内科', '李建国主任医师省医心血管内科': a doctor's hint says title and place."""
    if one.doctor_id is not None:
        return f"){one.label}{one.hint.replace(' ', '')}"
    return f"){one.hint if with_hospital else ''}{one.label}"
