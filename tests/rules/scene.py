"""A stage for rule cases: two hospitals, a few people, and acts that a case puts one after another."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from core.booking.commands import Book, Booked, Cancel, Change, Hold
from core.booking.paying import pay as paid
from core.booking.stopping import stop
from core.booking.visit import check_in, miss_due
from core.catalogue.tables import Department, Doctor, Post
from core.credit.engine import set_rule
from core.money.engine import open_payment
from core.people.register import add_card, complete
from core.values import Actor, ActorKind, Channel, Identity, IdentityKind, Phone, system
from core.work import Hotline
from tests.builders import CALLER, SEED, Clinic, clinic
from tests.clocks import FrozenClock

Act = Callable[["Scene"], Awaitable[object]]
YEAR = 2026


@dataclass(frozen=True)
class Row:
    """A rule row of the hospital itself (own), or one for all."""

    key: str
    value: str
    own: bool
    period: tuple[str, int] | None = None
    priority: int = 0
    state: str = "on"


def own(key: str, value: str, period: tuple[str, int] | None = None, **more: object) -> Row:
    return Row(key, value, True, period, **more)  # type: ignore[arg-type]


def common(key: str, value: str, period: tuple[str, int] | None = None, **more: object) -> Row:
    return Row(key, value, False, period, **more)  # type: ignore[arg-type]


# name: born, sex, has an identity number
PEOPLE: dict[str, tuple[date | None, str | None, bool]] = {
    "李秀英": (date(1970, 5, 4), "female", True),
    "王强": (date(1981, 2, 9), "male", True),
    "王小雨": (date(2018, 3, 2), "male", True),
    "将满十四": (date(2012, 11, 27), "male", True),  # fourteen on the day after the visit
    "刚满十四": (date(2012, 11, 26), "male", True),  # fourteen on the visit day
    "赵德福": (date(1945, 1, 9), "male", True),
    "五十九": (date(1967, 11, 1), "female", True),
    "无证": (None, None, False),
}


@dataclass
class Scene:
    """What a case plays on. `made`: the newest appointment."""

    clock: FrozenClock
    here: Clinic
    there: Clinic
    rows: dict[int, Row] = field(default_factory=dict)  # as they were written, by id
    made: Booked | None = None
    _sessions: dict[tuple[int, str, date, str], int] = field(default_factory=dict)

    @property
    def hotline(self) -> Hotline:
        return self.here.hotline

    async def set(self, rows: tuple[Row, ...]) -> None:
        for row in rows:
            async with self.hotline.work(SEED) as work:
                written = await set_rule(
                    work,
                    key=row.key,
                    value=row.value,
                    hospital_id=self.here.hospital_id if row.own else None,
                    priority=row.priority,
                    state=row.state,
                    period_type=row.period[0] if row.period else None,
                    period_value=row.period[1] if row.period else None,
                )
            self.rows[written] = row

    async def session(
        self, where: Clinic, post: str, day: date, half: str, shares: dict[str, int | str] | None = None
    ) -> int:
        """Published the first time it is asked for, under the rules of the case."""
        key = (where.hospital_id, post, day, half)
        if key not in self._sessions:
            self._sessions[key] = await where.session(post, day=day, half=half, shares=shares)
        return self._sessions[key]

    async def person(self, name: str) -> int:
        if name not in self.here.people:
            born, sex, identity = PEOPLE[name]
            await self.here.person(name, born=born, sex=sex, identity=identity)
        return self.here.people[name]


async def scene(hotline: Hotline, clock: FrozenClock) -> Scene:
    here, there = await clinic(hotline), await clinic(hotline, 2)
    for code, standard, name in (("FK", "05.01", "妇科"), ("LN", "03.10", "老年病科")):
        async with hotline.work(SEED) as work:
            department = Department(
                hospital_id=here.hospital_id, code=code, standard_code=standard, name=name, pinyin=name,
                initials=code, where="门诊楼二楼",
            )  # fmt: skip
            doctor = Doctor(
                hospital_id=here.hospital_id, code=code, name=f"{name}医生", pinyin=name, initials=code, title="主治医师"
            )  # fmt: skip
            work.db.add_all([department, doctor])
            await work.db.flush()
            post = Post(department_id=department.id, doctor_id=doctor.id, kind="ordinary", fee_fen=1000)
            work.db.add(post)
            await work.db.flush()
            here.posts[code] = post.id
    return Scene(clock, here, there)


# --- acts -----------------------------------------------------------------------------------------------


def day(text: str) -> date:
    """'11-26' of the year of these tests."""
    return date.fromisoformat(f"{YEAR}-{text}")


def at(moment: str) -> Act:
    """Move the clock: '11-25 14:59'."""

    async def act(on: Scene) -> None:
        on.clock.set(f"{YEAR}-{moment}")

    return act


def book(
    post: str = "chen",
    who: str = "李秀英",
    *,
    on: str = "11-26",
    half: str = "am",
    place: int = 0,
    by: Actor = CALLER,
    there: bool = False,
    phone: str | None = None,
    online: bool | None = None,
) -> Act:
    """Hold the place-th period of a session and book it, as every face does."""

    async def act(stage: Scene) -> Booked:
        where = stage.there if there else stage.here
        person = await stage.person(who)
        session = await stage.session(where, post, day(on), half)
        period = (await where.periods(session))[place]
        held = await where.store.submit(
            Hold(session_id=session, period_id=period, owner=f"person:{person}", person_id=person), by
        )
        contact = Phone(phone or f"10{person:09d}")
        stage.made = await where.store.submit(Book(held.hold_id, person, contact, pay_online=online), by)
        return stage.made

    return act


def shared(shares: dict[str, int | str]) -> Act:
    """Dr Chen's six numbers of the visit day, with channels' own shares."""

    async def act(stage: Scene) -> int:
        return await stage.session(stage.here, "chen", day("11-26"), "am", shares)

    return act


def pay() -> Act:
    """The cashier says that the newest appointment is paid."""

    async def act(stage: Scene) -> None:
        assert stage.made is not None
        made = stage.made
        async with stage.hotline.work(system("cashier")) as work:
            asked = await open_payment(work, made.appointment_id)
            assert asked is not None
            await paid(
                work, payment_id=asked.id, appointment_id=made.appointment_id, provider="demo",
                txn=f"T{asked.id}", amount_fen=asked.amount_fen,
            )  # fmt: skip

    return act


def cancel(by: Actor = CALLER, *, override: str | None = None) -> Act:
    """Give the newest appointment back."""

    async def act(stage: Scene) -> object:
        assert stage.made is not None
        return await stage.here.store.submit(Cancel(stage.made.appointment_id, override=override), by)

    return act


def change(post: str = "wu", *, on: str = "11-27", half: str = "am", by: Actor = CALLER) -> Act:
    """Move the newest appointment."""

    async def act(stage: Scene) -> object:
        assert stage.made is not None
        session = await stage.session(stage.here, post, day(on), half)
        held = await stage.here.store.submit(Hold(session_id=session, owner="mover"), by)
        stage.made = await stage.here.store.submit(Change(stage.made.appointment_id, held.hold_id), by)
        return stage.made

    return act


def arrive() -> Act:
    """Pick the newest appointment's number up."""

    async def act(stage: Scene) -> None:
        assert stage.made is not None
        async with stage.hotline.work(system("kiosk")) as work:
            await check_in(work, stage.made.appointment_id)

    return act


def night() -> Act:
    """What runs after each visit day."""

    async def act(stage: Scene) -> None:
        async with stage.hotline.work(system("timers")) as work:
            await miss_due(work)

    return act


def leave() -> Act:
    """The doctor of the newest appointment goes on leave."""

    async def act(stage: Scene) -> None:
        assert stage.made is not None
        async with stage.hotline.work(system("desk")) as work:
            await stop(work, stage.made.session_id, reason="leave")

    return act


def card() -> Act:
    """李秀英 has a visit card of this hospital."""

    async def act(stage: Scene) -> None:
        person = await stage.person("李秀英")
        async with stage.hotline.work(SEED) as work:
            await add_card(work, person, stage.here.hospital_id, "C0001")

    return act


def passport(who: str) -> Act:
    """Somebody who has no resident number, but a passport."""

    async def act(stage: Scene) -> None:
        person = await stage.person(who)
        async with stage.hotline.work(SEED) as work:
            await complete(work, person, Identity(IdentityKind.PASSPORT, "E12345678"))

    return act


def missed(on: str, *, there: bool = False) -> Act:
    """李秀英 books for a day, does not come, and the night notices."""

    async def act(stage: Scene) -> None:
        _clock(stage, on, -1, "10:00")
        await book(on=on, there=there)(stage)
        _clock(stage, on, 1, "02:00")
        await night()(stage)

    return act


def gave_back(on: str, *, days_before: int = 2) -> Act:
    """李秀英 books for a day and cancels some days before it, at 7:30."""

    async def act(stage: Scene) -> None:
        _clock(stage, on, -max(days_before, 1), "07:05")
        await book(on=on)(stage)
        _clock(stage, on, -days_before, "07:30")
        await cancel()(stage)

    return act


def _clock(stage: Scene, on: str, days: int, clock: str) -> None:
    stage.clock.set(f"{day(on) + timedelta(days=days)} {clock}")


def by(channel: Channel) -> Actor:
    """A patient by another way than the phone."""
    return Actor(ActorKind.PATIENT, channel.value, channel)
