"""Sessions as pages show them: seven days at a time, in a table or in a list, with the ways to book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.catalogue.browse_posts import PostLine
from core.catalogue.codes import sms_code
from core.credit.book import RuleBook
from core.schedule.browse import Shown, Span, Standing
from core.values import Channel
from web.public import notes, words
from web.public.words import HALVES, OWN_NUMBER, TITLES

DAYS = 7


@dataclass(frozen=True)
class Week:
    """Seven days of those that are shown, counted from today. before, after: a day of the next ones, or None.

    day: what was asked for, if it is among them. note: what must be said of it otherwise.
    """

    days: Sequence[date]
    day: date | None
    before: date | None
    after: date | None
    note: str = ""


def week(asked: date | None, today: date, last: date | None) -> Week:
    """last: the furthest day with a session; None: there is none, and nothing to show."""
    if last is None:
        return Week((), None, None, None)
    note, day = "", asked
    if asked and asked < today:
        note, day = f"{words.short_day(asked)}已经过去，从今天看起。", None
    elif asked and asked > last:
        note, day = f"{words.short_day(asked)}还没有排班，能看到的最后一天是{words.short_day(last)}。", last
    start = today + timedelta(days=((day or today) - today).days // DAYS * DAYS)
    days = [start + timedelta(days=number) for number in range(DAYS)]
    return Week(
        [one for one in days if one <= last],
        day,
        start - timedelta(days=DAYS) if start > today else None,
        start + timedelta(days=DAYS) if start + timedelta(days=DAYS) <= last else None,
        note,
    )


@dataclass(frozen=True)
class Cell:
    """One session. web, phone: how many may be had so; sms: what to write for it; 0 and '' where not.

    soon: it opens later, and who registers for the draw stands in line by then (core.release). full: the
    web has none left, and who wants to may wait for one (core.waiting).
    """

    session_id: int
    day: date
    half: str
    starts_at: datetime
    ends_at: datetime
    number: str
    fee: str
    words: str
    more: str
    tone: str
    free: int
    web: int
    phone: int
    sms: str
    spans: Sequence[Span] = ()
    soon: bool = False
    full: bool = False

    @property
    def bookable(self) -> bool:
        """Whether the web, the telephone or a text may have one."""
        return bool(self.free or self.phone or self.sms)


@dataclass(frozen=True)
class Reader:
    """How a hospital's sessions are read now. sms: whether texts can be sent to us at all."""

    book: RuleBook
    now: datetime
    sms: bool

    def cell(self, shown: Shown, department: str, spans: Sequence[Span] = ()) -> Cell:
        """department: its standard code."""

        def takes(channel: Channel) -> bool:
            return notes.takes(
                self.book, channel, kind=shown.number_kind, department=department, half=shown.half,
                now=self.now,
            )  # fmt: skip

        places = shown.places
        phone = places.phone if places.phone and takes(Channel.PHONE) else 0
        by_text = self.sms and places.sms and takes(Channel.SMS)
        sms = words.sms_sentence(shown.post_id, shown.day, shown.half) if by_text else ""
        return cell(shown, self.now, web=takes(Channel.WEB), phone=phone, sms=sms, spans=spans)


def cell(
    shown: Shown, now: datetime, *, web: bool = True, phone: int, sms: str, spans: Sequence[Span] = ()
) -> Cell:
    """web: whether the hospital takes bookings from pages now."""
    said = words.standing(shown, now, phone)
    free = shown.places.web if shown.standing(now) is Standing.FREE else 0
    return Cell(
        shown.session_id,
        shown.day,
        HALVES.get(shown.half, shown.half),
        shown.starts_at,
        shown.ends_at,
        words.number(shown.number_kind),
        words.fee(shown.fee_fen),
        said.words,
        said.more,
        said.tone,
        free,
        free if web else 0,
        phone,
        sms,
        spans,
        soon=shown.standing(now) is Standing.SOON,
        full=shown.standing(now) is Standing.FULL,
    )


@dataclass(frozen=True)
class Row:
    """A post with its sessions: one list for each of the days. code: to book it by text.

    path: of the page that tells its periods, behind '' or '/m'.
    """

    path: str
    name: str
    title: str
    number: str
    fee: str
    code: str
    days: Sequence[Sequence[Cell]]


def table(
    posts: Sequence[PostLine], shown: Sequence[Shown], days: Sequence[date], reader: Reader
) -> list[Row]:
    """The department's own number first, then doctors by title; each with what stands on these days."""
    cells: dict[tuple[int, date], list[Cell]] = {}
    codes = {post.post_id: post.standard_code for post in posts}
    for one in shown:
        cells.setdefault((one.post_id, one.day), []).append(reader.cell(one, codes[one.post_id]))
    return [
        Row(
            words.path_of(post.department_id, post.doctor_id),
            post.doctor or OWN_NUMBER,
            post.title or "",
            words.number(post.kind),
            words.fee(post.fee_fen),
            sms_code(post.post_id),
            [cells.get((post.post_id, day), ()) for day in days],
        )
        for post in sorted(posts, key=_order)
    ]


def _order(post: PostLine) -> tuple[bool, int, int]:
    return (post.doctor_id is not None, words.ranked(post.title or "", TITLES), post.post_id)


def free_by_day(rows: Sequence[Row], days: Sequence[date]) -> Mapping[date, int]:
    return {day: sum(one.free for row in rows for one in row.days[place]) for place, day in enumerate(days)}
