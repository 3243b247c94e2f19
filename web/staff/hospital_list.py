"""A hospital's own list of a day, brought through the page of that day; taken whole or not at all."""

from collections.abc import Sequence

from aiohttp import web

from core.http.access import actor_of, needs
from core.http.keys import HOTLINE
from core.http.uploads import received
from core.money import settlements
from core.money.hospital_list import MOST_BYTES, BadList, read_list
from core.staff import audit
from core.work import Work
from web.house import HOUSE
from web.staff.money import HOME, day_page
from web.staff.money_words import fault
from web.staff.pages import act

# What browsers call a CSV; on Windows they know it by Excel.
TYPES = (".csv",)


@needs("settlement")
async def bring(request: web.Request) -> web.Response:
    """Kept under a name of our own, never the browser's; then the day is compared anew."""
    reconciliation_id = int(request.match_info["id"])
    by = await actor_of(request)
    async with request.app[HOTLINE].read() as db:
        it = await settlements.settlement(db, by, reconciliation_id)
    upload = await received(request, most_bytes=MOST_BYTES)
    lists = request.app[HOUSE].lists
    if lists is None:
        raise web.HTTPNotFound
    if not upload.suffix:
        return await _not_taken(request, reconciliation_id, [fault(0, "none")])
    if upload.suffix not in TYPES:
        return await _not_taken(request, reconciliation_id, [fault(0, "type")])
    try:
        lines = read_list(upload.content)
    except BadList as bad:
        return await _not_taken(request, reconciliation_id, [fault(one.line, one.why) for one in bad.faults])
    await lists.put(it.hospital_id, it.day, upload.content)

    async def do(work: Work) -> None:
        await settlements.compare_again(work, reconciliation_id)
        told = f"{it.day.isoformat()}，{len(lines)} 行"
        await audit.note(work, "hospital-list-brought", what=told, subject_id=reconciliation_id)

    await act(request, do)
    raise web.HTTPSeeOther(f"{HOME}/days/{reconciliation_id}?done=list")


async def _not_taken(request: web.Request, reconciliation_id: int, faults: Sequence[str]) -> web.Response:
    return await day_page(request, reconciliation_id, faults=faults)


routes = [web.post(rf"{HOME}/days/{{id:\d{{1,12}}}}/list", bring, name="money-list")]
