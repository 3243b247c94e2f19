"""What the fictional province tells its patients: announcements, one of a hospital, one still a draft."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from core.catalogue.tables import Hospital
from core.site import engine
from core.site.rules import Draft, Kind
from core.site.tables import Announcement
from core.values import day_of
from core.work import Hotline, Work
from hotline.demo_people import WRITER


@dataclass(frozen=True)
class Told:
    """days: so long ago it was published; None: it is a draft. hospital: by its place in the menu, from 1."""

    kind: Kind
    title: str
    body: str
    days: int | None
    pinned: bool = False
    hospital: int | None = None


ANNOUNCEMENTS = (
    Told(
        Kind.GUIDE,
        "第一次预约怎么办",
        "拨打 12320，按语音提示输入身份证号码，报上医院和科室就可以预约，随时可以自助办理，按 0 转人工。\n\n"
        "也可以先在 /search 查好哪一天有号，再打电话或者发短信。\n\n"
        "就诊当天带上身份证件，按短信里的时间到医院取号。超过时间没有取号也没有退约，记一次爽约。",
        20,
        pinned=True,
    ),
    Told(
        Kind.NOTICE,
        "元旦期间门诊安排",
        "1 月 1 日各医院普通门诊停诊，急诊照常。1 月 2 日起恢复，号源照常提前放出。\n\n"
        "各医院的具体安排请看医院自己的页面：/hospitals",
        3,
        pinned=True,
    ),
    Told(
        Kind.NEWS,
        "网上支付挂号费的医院增加了",
        "越来越多的医院可以在网上支付挂号费，钱直接进医院的账户。\n"
        "没有在规定时间里付的预约会自动取消，号会放给别的患者。退约的钱原路退回。",
        6,
    ),
    Told(
        Kind.NOTICE,
        "请核对您的联系电话",
        "停诊和改约的通知发到预约时留下的手机号码。号码换了，请拨打 12320 改过来。\n\n"
        "12320 不会在短信或电话里要您的银行卡密码。",
        11,
    ),
    Told(
        Kind.NOTICE,
        "门诊楼二层改造，部分诊室搬迁",
        "本院门诊楼二层从下周起改造。心血管内科搬到三层东侧，诊室号以取号单为准。\n\n改造期间请提前十五分钟到院。",
        2,
        hospital=1,
    ),
    Told(Kind.NEWS, "流感疫苗接种门诊开诊", "接种门诊每周二、周四下午开放，可以提前三天预约。", None),
)  # fmt: skip


async def write(hotline: Hotline) -> None:
    """Where nobody has written any yet."""

    async def act(work: Work) -> None:
        if (await work.db.execute(select(Announcement.id).limit(1))).first() is not None:
            return
        places = (
            (await work.db.execute(select(Hospital.id).order_by(Hospital.menu_order, Hospital.id)))
            .scalars()
            .all()
        )
        for told in ANNOUNCEMENTS:
            await _one(work, told, places[told.hospital - 1] if told.hospital else None)

    await hotline.run(act, WRITER)


async def _one(work: Work, told: Told, hospital_id: int | None) -> None:
    ago = timedelta(days=told.days or 0)
    draft = Draft(told.kind, told.title, told.body, day_of(work.now - ago), None, hospital_id, told.pinned)
    made = await engine.write(work, draft)
    if told.days is None:
        return
    await engine.publish(work, made, 1)
    await work.db.execute(
        update(Announcement).where(Announcement.id == made).values(published_at=work.now - ago)
    )
