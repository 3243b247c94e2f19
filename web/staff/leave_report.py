"""The close-out report of a leave: what became of everybody, and how they came to know."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from core.http.access import actor_of, needs
from core.http.calling_words import OUTCOMES, outcome
from core.http.keys import HOTLINE
from core.http.pages import moment
from core.http.spreadsheet import TYPE, workbook
from core.http.words import CHANNEL
from core.leave import figures, notices, view
from core.leave.figures import WAYS
from core.leave.notices import Notice
from core.leave.rules import REASONS, CaseState
from core.leave.view import CaseView
from core.staff import audit
from core.values import Phone
from core.work import Work
from web.staff.leave_words import CASES, DISPOSITIONS, KINDS, NEAR, NEEDS, OFFERS, SOURCES, STATES
from web.staff.leaves import HOME, span
from web.staff.pages import act, staff_page

# A leave displaces hundreds, not thousands; a file holds them all.
EVERY = 10_000
HEAD = (
    "就诊时间", "科室", "序号", "预约号", "患者", "手机", "结果", "说明", "保留过的号", "打过的电话",
    "现在的预约", "办理渠道", "结束时间",
)  # fmt: skip


@needs("leave", "leave-approve")
async def report(request: web.Request) -> web.Response:
    hotline, by = request.app[HOTLINE], await actor_of(request)
    now = hotline.clock.now()
    async with hotline.read() as db:
        it = await figures.report(db, int(request.match_info["id"]), by, now)
        rows = await view.cases(db, it.leave.leave_id, most=EVERY)
        told = await notices.of(db, rows)
    return await staff_page(
        request,
        "leave_report",
        it=it,
        rows=rows,
        notices=told,
        now=now,
        span=span(it.leave),
        kinds=KINDS,
        states=STATES,
        sources=SOURCES,
        reasons=REASONS,
        cases=CASES,
        needs=NEEDS,
        dispositions=DISPOSITIONS,
        ways=WAYS,
        channels=CHANNEL,
        offers=OFFERS,
        outcomes=OUTCOMES,
        outcome=outcome,
        may_export=by.may("export"),
    )


@needs("leave", "leave-approve", also=("export",))
async def file(request: web.Request) -> web.Response:
    """One row for each patient, numbers masked; who took it away stands in the audit."""
    hotline, by = request.app[HOTLINE], await actor_of(request)
    now, leave_id = hotline.clock.now(), int(request.match_info["id"])
    async with hotline.read() as db:
        it = await view.load(db, leave_id, by)
        rows = await view.cases(db, leave_id, most=EVERY)
        told = await notices.of(db, rows)
    sealer = hotline.sealer
    lines = [
        _line(row, told[row.case_id], Phone(sealer.open(row.phone_sealed, "phone")).masked) for row in rows
    ]

    async def note(work: Work) -> None:
        await audit.note(work, "exported", what="停诊处理报告", subject_id=leave_id)

    await act(request, note)
    title = f"{KINDS[it.kind]}处理报告 {it.doctor or it.department or ''}"
    about = f"{it.hospital} {span(it)}，{it.total} 位患者，{it.ended} 位办结"
    mark = f"12320 {by.name} {moment(now)}"
    body = await asyncio.to_thread(workbook, title, about, mark, HEAD, lines)
    headers = {
        "Content-Disposition": f'attachment; filename="12320-leave-{leave_id}.xlsx"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, content_type=TYPE, headers=headers)


def _line(row: CaseView, told: Notice, masked: str) -> Sequence[str | int]:
    return (
        moment(row.visit_at),
        row.department,
        row.sequence,
        row.serial,
        row.person,
        masked,
        CASES[row.state][0],
        why(row),
        "；".join(
            f"{NEAR.get(one.why or '', '')} {one.doctor or one.department} {moment(one.starts_at)}"
            f" {OFFERS[one.state][0]}"
            for one in reversed(told.offers)
        ),
        "；".join(
            f"{moment(one.began_at)} {'话务员' if one.by_operator else '自动'} {outcome(one.outcome)[0]}"
            for one in told.tries
        ),
        f"{told.made.serial} {moment(told.made.starts_at)}" if told.made else "",
        CHANNEL.get(row.channel or "", ""),
        moment(row.ended_at) if row.ended_at else "",
    )


def why(row: CaseView) -> str:
    """What a state needs to be understood: what a person is wanted for, or how an operator closed it."""
    if row.state is CaseState.DESK and row.need is not None:
        return NEEDS[row.need]
    codes = {code.value: words for code, words in DISPOSITIONS.items()}
    return codes.get(row.disposition or "", "")


routes = [
    web.get(rf"{HOME}/{{id:\d{{1,12}}}}/report", report, name="leave-report"),
    web.get(rf"{HOME}/{{id:\d{{1,12}}}}/report.xlsx", file, name="leave-report-file"),
]
