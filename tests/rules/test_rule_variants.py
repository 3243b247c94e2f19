"""Every real-world booking rule as rows: what it lets through, what it refuses, and the words why."""

import re
from dataclasses import dataclass

import pytest

from core.errors import Refusal
from core.http.refusals import sentence
from core.values import Channel
from core.work import Hotline
from ivr.call import Prompt
from ivr.prompts import catalogue
from sms.words import refusal as text_words
from tests.builders import SURFER, TEXTER
from tests.clocks import FrozenClock
from tests.rules.scene import (
    Act,
    Row,
    Scene,
    arrive,
    at,
    book,
    by,
    cancel,
    card,
    change,
    common,
    gave_back,
    leave,
    missed,
    own,
    passport,
    pay,
    scene,
    shared,
)

KIOSK, WINDOW, COMMUNITY = by(Channel.KIOSK), by(Channel.WINDOW), by(Channel.COMMUNITY)


@dataclass(frozen=True)
class Case:
    """A policy of some hospital, city or law. Both tries end with the act that is judged.

    named: the key of the row that must be named, as it is written; a default has no row.
    says: what the page's sentence must contain.
    """

    name: str
    source: str
    rows: tuple[Row, ...]
    fine: tuple[Act, ...]
    refused: tuple[Act, ...]
    code: str
    named: str
    says: str
    proves: tuple[str, ...] = ()


THREE_IN_SUMMER = (missed("06-03"), missed("07-08"), missed("08-05"))
WHEN = (
    Case(
        "seven days ahead", "domain 3.2: windows of 7 days", (own("window.last-day", "7"),),
        (at("11-19 10:00"), book()), (at("11-18 10:00"), book()),
        "not-released", "window.last-day", "11月19日07:00开放预约", ("R-148",),
    ),
    Case(
        "a fortnight ahead", "domain 3.2: windows of 14 days", (common("window.last-day", "14"),),
        (at("11-12 07:00"), book()), (at("11-11 23:59"), book()),
        "not-released", "window.last-day", "11月12日07:00开放预约",
    ),
    Case(
        "four weeks ahead for one department", "domain 3.2: windows of 28 days",
        (own("window.last-day", "7"), own("window.last-day@department=05", "28")),
        (at("10-29 07:00"), book("FK")), (at("10-28 10:00"), book("FK")),
        "not-released", "window.last-day@department=05", "10月29日07:00开放预约",
    ),
    Case(
        "from the next day to three months", "domain 3.2: Beijing 114, 2015",
        (own("window.first-day", "1"), own("window.last-day", "91")),
        (at("08-27 07:00"), book()), (at("08-26 10:00"), book()),
        "not-released", "window.last-day", "8月27日07:00开放预约", ("R-004",),
    ),
    Case(
        "a new day at midnight", "domain 3.2: 00:00", (own("release.time", "00:00"), own("window.last-day", "7")),
        (at("11-19 00:00"), book()), (at("11-18 23:59"), book()),
        "not-released", "window.last-day", "11月19日00:00开放预约", ("R-149",),
    ),
    Case(
        "a new day at half past eight", "domain 3.2: 08:30", (own("release.time", "08:30"), own("window.last-day", "7")),
        (at("11-19 08:30"), book()), (at("11-19 08:29"), book()),
        "not-released", "release.time", "11月19日08:30开放预约", ("R-149",),
    ),
    Case(
        "experts at six, others at half past six", "domain 3.2: 06:00, 06:30",
        (own("release.time", "06:30"), own("release.time@kind=expert", "06:00"), own("window.last-day", "7")),
        (at("11-19 06:00"), book("chen")), (at("11-19 06:00"), book("wu")),
        "not-released", "release.time", "06:30开放预约",
    ),
    Case(
        "next week comes out on Monday", "issue: release day and minute by hospital",
        (own("release.day", "weekly-1"), own("release.time", "08:00"), own("window.last-day", "7")),
        (at("11-23 08:00"), book()), (at("11-22 10:00"), book()),
        "not-released", "release.day", "11月23日08:00开放预约",
    ),
    Case(
        "a month comes out on the 10th", "issue: release day and minute by hospital",
        (own("release.day", "monthly-10"), own("window.last-day", "28")),
        (at("11-10 07:00"), book()), (at("11-09 10:00"), book()),
        "not-released", "release.day", "11月10日07:00开放预约",
    ),
    Case(
        "not before two days ahead", "R-147: from which day booking begins", (own("window.first-day", "2"),),
        (at("11-24 23:58"), book()), (at("11-25 00:00"), book()),
        "outside-window", "window.first-day", "至少提前2天预约", ("R-147",),
    ),
    Case(
        "the next day until three in the afternoon", "domain 3.2: next-day booking stops 15:00", (own("book.stop", "day-1 15:00"),),
        (at("11-25 14:59"), book()), (at("11-25 15:00"), book()),
        "too-late-to-book", "book.stop", "11月25日15:00停止预约", ("R-150",),
    ),
    Case(
        "the next day until five", "domain 3.2: next-day booking stops 17:00", (common("book.stop", "day-1 17:00"),),
        (at("11-25 16:59"), book()), (at("11-25 17:00"), book()),
        "too-late-to-book", "book.stop", "11月25日17:00停止预约", ("R-150",),
    ),
    Case(
        "on the day itself, an hour before the morning", "same-day booking with a cutoff",
        (own("window.first-day", "0"), own("book.stop", "start-60m")),
        (at("11-26 06:59"), book()), (at("11-26 07:00"), book()),
        "too-late-to-book", "book.stop", "11月26日07:00停止预约",
    ),
    Case(
        "on the day itself, afternoons until one", "same-day booking with a cutoff by half-day",
        (own("window.first-day", "0"), own("book.stop", "day-0 07:30"), own("book.stop@half=pm", "day-0 13:00")),
        (at("11-26 12:59"), book(half="pm")), (at("11-26 13:00"), book(half="pm")),
        "too-late-to-book", "book.stop@half=pm", "11月26日13:00停止预约",
    ),
    Case(
        "bookings are taken from half past seven to five", "domain 3.2: Suzhou's 12320", (own("booking.hours", "07:30-17:00"),),
        (at("11-23 07:30"), book()), (at("11-23 17:00"), book()),
        "outside-booking-hours", "booking.hours", "每天07:30至17:00受理预约", ("R-005",),
    ),
    Case(
        "the web books all day, the phone by day", "R-005, R-069: hours by channel",
        (own("booking.hours@channel=phone", "08:00-20:00"),),
        (at("11-23 22:00"), book(by=SURFER)), (at("11-23 22:00"), book()),
        "outside-booking-hours", "booking.hours@channel=phone", "每天08:00至20:00受理预约", ("R-005", "R-069"),
    ),
    Case(
        "no booking by text", "R-069: each channel has its switch", (own("channel.open@channel=sms", "no"),),
        (book(),), (book(by=TEXTER),),
        "channel-closed", "channel.open@channel=sms", "暂不接受本渠道预约", ("R-069",),
    ),
    Case(
        "special numbers at the window only", "R-058: optional steps are set for each hospital",
        (own("channel.open@kind=expert", "no"), own("channel.open@kind=expert@channel=window", "yes")),
        (book(by=WINDOW),), (book(by=KIOSK),),
        "channel-closed", "channel.open@kind=expert", "换其他渠道", ("R-058",),
    ),
    Case(
        "referrals keep their numbers until noon the day before", "domain 3.2, 3.5: pools, recycling", (own("recycle.time", "day-1 12:00"),),
        (shared({"community": "100%"}), at("11-25 12:00"), book()),
        (shared({"community": "100%"}), at("11-25 11:59"), book()),
        "share-used-up", "recycle.time", "本渠道的号已约满", ("R-069", "R-112"),
    ),
    Case(
        "the community sells its own share at once", "domain 3.5: referral from community gets priority", (own("recycle.time", "never"),),
        (shared({"community": "100%"}), book(by=COMMUNITY)), (shared({"community": "100%"}), book(by=WINDOW)),
        "share-used-up", "recycle.time", "本渠道的号已约满", ("R-069", "R-112"),
    ),
)  # fmt: skip
LIMITS = (
    Case(
        "one number in a department on a day", "domain 3.2: nearly universal", (own("limit.department-day", "1"),),
        (book("chen"), book("kid", place=2)), (book("chen"), book("wu", half="pm")),
        "limit-department-day", "limit.department-day", "同一科室同一天最多预约1个号",
    ),
    Case(
        "one number of a doctor on a day", "domain 3.2: same person, day, department, doctor 1",
        (own("limit.department-day", "3"), own("limit.doctor-day", "1")),
        (book("chen"), book("wu", half="pm")), (book("chen"), book("chen", half="pm")),
        "limit-doctor-day", "limit.doctor-day", "同一医生同一天最多预约1个号",
    ),
    Case(
        "morning and afternoon, but not twice in one half-day", "limit by session",
        (own("limit.department-day", "2"), own("limit.doctor-day", "2"), own("limit.session", "1")),
        (book("chen"), book("chen", half="pm")), (book("chen"), book("chen", place=3)),
        "limit-session", "limit.session", "同一班次最多预约1个号",
    ),
    Case(
        "two numbers a day everywhere", "domain 3.2: Beijing 2", (common("limit.day", "2"),),
        (book("chen"), book("kid", half="pm")),
        (book("chen"), book("kid", half="pm"), book("kid", there=True, place=5)),
        "limit-day", "limit.day", "每人每天最多预约2个号",
    ),
    Case(
        "three numbers a day", "domain 3.2: Beijing 3", (own("limit.day", "3"),),
        (book("chen"), book("kid", half="pm"), book("FK", place=4)),
        (book("chen"), book("kid", half="pm"), book("FK", place=4), book("LN", half="pm", place=4)),
        "limit-day", "limit.day", "每人每天最多预约3个号",
    ),
    Case(
        "a hospital's own limit counts what is booked there", "R-157",
        (common("limit.day", "9"), own("limit.day", "1")),
        (book("kid", there=True), book("chen", half="pm")), (book("kid"), book("chen", half="pm")),
        "limit-day", "limit.day", "每人每天最多预约1个号", ("R-157",),
    ),
    Case(
        "two open appointments", "limit of open appointments", (own("limit.live", "2"),),
        (book(on="11-24"), book(on="11-25")), (book(on="11-24"), book(on="11-25"), book(on="11-26")),
        "limit-live", "limit.live", "您已有2个待就诊的预约",
    ),
    Case(
        "two bookings a week", "limit in a calendar week", (own("limit.period", "2", ("week", 1)),),
        (at("11-22 10:00"), book(on="11-24"), at("11-23 10:00"), book(on="11-25"), book()),
        (at("11-23 10:00"), book(on="11-24"), book(on="11-25"), book()),
        "limit-period", "limit.period", "近期预约已达2次的上限", ("R-158", "R-064"),
    ),
    Case(
        "one booking in a department in seven days", "limit by department in rolling days",
        (own("limit.department-period@department=03", "1", ("days", 7)),),
        (at("11-16 09:59"), book(on="11-24"), at("11-23 10:00"), book("wu")),
        (at("11-16 10:00"), book(on="11-24"), at("11-23 09:59"), book("wu")),
        "limit-period", "limit.department-period@department=03", "在该科室的预约已达1次的上限", ("R-158",),
    ),
    Case(
        "an expert twice a month", "limit by doctor in a calendar month",
        (own("limit.doctor-period@kind=expert", "2", ("month", 1)),),
        (book(on="11-24"), book(on="11-25"), book("wu")), (book(on="11-24"), book(on="11-25"), book()),
        "limit-period", "limit.doctor-period@kind=expert", "这位医生的预约已达2次的上限", ("R-158",),
    ),
    Case(
        "a change is no further booking", "R-087", (own("limit.period", "1", ("month", 1)),),
        (book(on="11-25"), change()), (book(on="11-25"), change(), book()),
        "limit-period", "limit.period", "近期预约已达1次的上限", ("R-087",),
    ),
    Case(
        "a number that the doctor's leave took does not count", "beyond 2 (16): hospital-caused never counts",
        (own("limit.period", "1", ("month", 1)),),
        (book(on="11-25"), leave(), cancel(), book()), (book(on="11-25"), cancel(), book()),
        "limit-period", "limit.period", "近期预约已达1次的上限",
    ),
    Case(
        "a mobile number serves two people", "domain 3.2: at most two users", (own("limit.phone-persons", "2"),),
        (book(phone="10712345678"), book(who="王强", phone="10712345678", place=1)),
        (
            book(phone="10712345678"), book(who="王强", phone="10712345678", place=1),
            book(who="王小雨", phone="10712345678", place=2),
        ),
        "limit-phone", "limit.phone-persons", "一个手机号最多为2位患者预约",
    ),
    Case(
        "an hour between two visits", "beyond L5: same patient at one time with two doctors", (own("overlap.minutes", "60"),),
        (book("chen"), book("kid", place=2)), (book("chen"), book("kid", place=1)),
        "overlapping-visit", "overlap.minutes", "11月26日08:00已有一个预约",
    ),
    Case(
        "who cancelled waits an hour for the same session", "beyond 2 (15): cancel and rebook", (own("rebook.pause-minutes", "60"),),
        (book(), cancel(), at("11-23 11:00"), book()), (book(), cancel(), at("11-23 10:59"), book()),
        "rebook-too-soon", "rebook.pause-minutes", "11月23日11:00后可以再约",
    ),
)  # fmt: skip
WHO = (
    Case(
        "nobody under fourteen", "domain 3.2: some hospitals refuse under-14s", (own("age.min", "14"),),
        (book(who="刚满十四"),), (book(who="将满十四"),),
        "too-young", "age.min", "只接诊14周岁及以上的患者",
    ),
    Case(
        "children's department up to fourteen", "paediatrics", (common("age.max@department=07", "14"),),
        (book("kid", "王小雨"),), (book("kid", "王强"),),
        "too-old", "age.max@department=07", "只接诊14周岁及以下的患者",
    ),
    Case(
        "geriatrics from sixty", "geriatrics", (own("age.min@department=03.10", "60"),),
        (book("LN", "赵德福"),), (book("LN", "五十九"),),
        "too-young", "age.min@department=03.10", "只接诊60周岁及以上的患者",
    ),
    Case(
        "an age limit needs a birth date", "age limits with R-085's name and phone", (own("age.min@department=03.10", "60"),),
        (book("chen", "无证"),), (book("LN", "无证"),),
        "identity-needed", "age.min@department=03.10", "需要患者的证件号码",
    ),
    Case(
        "gynaecology sees women", "sex limit", (own("sex.only@department=05", "female"),),
        (book("FK", "李秀英"),), (book("FK", "王强"),),
        "wrong-sex", "sex.only@department=05", "只接诊女性患者",
    ),
    Case(
        "real names only", "domain 3.5: opinion of 2009, real name", (own("identity.needed", "yes"),),
        (book(who="李秀英"),), (book(who="无证"),),
        "identity-needed", "identity.needed", "需要患者的证件号码", ("R-007", "R-059"),
    ),
    Case(
        "the phone may book without a number, the web may not", "requirements 21.2: R-085 against R-059",
        (own("identity.needed@channel=web", "yes"),),
        (book(who="无证"),), (book(who="无证", by=SURFER),),
        "identity-needed", "identity.needed@channel=web", "需要患者的证件号码", ("R-085",),
    ),
    Case(
        "first-timers by identity card only", "domain 3.2", (own("identity.first-visit", "resident,household"),),
        (book(),), (passport("无证"), book(who="无证")),
        "identity-kind-refused", "identity.first-visit", "首次就诊请使用户口簿、居民身份证预约",
    ),
    Case(
        "who has a card is no first-timer", "domain 3.2", (own("identity.first-visit", "passport"),),
        (card(), book()), (book(),),
        "identity-kind-refused", "identity.first-visit", "首次就诊请使用护照预约",
    ),
)  # fmt: skip
GIVING_BACK = (
    Case(
        "cancel until five the day before", "domain 3.2", (own("cancel.deadline", "day-1 17:00"),),
        (book(), at("11-25 17:00"), cancel()), (book(), at("11-25 17:01"), cancel()),
        "too-late-to-cancel", "cancel.deadline", "截止时间是11月25日17:00", ("R-189",),
    ),
    Case(
        "cancel until the day before ends", "domain 3.2; R-189", (common("cancel.deadline", "day-1 23:59"),),
        (book(), at("11-25 23:59"), cancel()), (book(), at("11-26 00:00"), cancel()),
        "too-late-to-cancel", "cancel.deadline", "截止时间是11月25日23:59", ("R-189",),
    ),
    Case(
        "an expert's number until half a day before", "domain 3.2",
        (own("cancel.deadline@kind=expert", "start-12h"), own("cancel.deadline@kind=ordinary", "start-30m")),
        (book("wu"), at("11-26 07:30"), cancel()), (book("chen"), at("11-25 20:01"), cancel()),
        "too-late-to-cancel", "cancel.deadline@kind=expert", "截止时间是11月25日20:00",
    ),
    Case(
        "an ordinary number until half an hour before", "domain 3.2",
        (own("cancel.deadline@kind=expert", "start-12h"), own("cancel.deadline@kind=ordinary", "start-30m")),
        (book("wu", place=2), at("11-26 08:30"), cancel()), (book("wu", place=2), at("11-26 08:31"), cancel()),
        "too-late-to-cancel", "cancel.deadline@kind=ordinary", "截止时间是11月26日08:30",
    ),
    Case(
        "two working days before", "domain 3.2", (own("cancel.deadline", "workday-2 17:00"),),
        (book(on="12-01"), at("11-27 17:00"), cancel()), (book(on="12-01"), at("11-28 09:00"), cancel()),
        "too-late-to-cancel", "cancel.deadline", "截止时间是11月27日17:00",
    ),
    Case(
        "no deadline but the visit itself", "no deadline", (own("cancel.deadline", "never"),),
        (book(), at("11-26 07:59"), cancel()), (book(), at("11-26 08:00"), cancel()),
        "too-late-to-cancel", "cancel.deadline", "截止时间是11月26日08:00",
    ),
    Case(
        "by phone later than on the web", "deadline by channel",
        (own("cancel.deadline", "day-1 20:00"), own("cancel.deadline@channel=web", "day-1 15:00")),
        (book(), at("11-25 19:00"), cancel()), (book(), at("11-25 19:00"), cancel(SURFER)),
        "too-late-to-cancel", "cancel.deadline@channel=web", "截止时间是11月25日15:00",
    ),
    Case(
        "no refund on the web", "R-151", (own("refund.web", "no"), own("pay.mode", "online")),
        (book(), pay(), cancel()), (book(), pay(), cancel(SURFER)),
        "web-refund-not-allowed", "refund.web", "不支持网上退费", ("R-151",),
    ),
    Case(
        "change until eight in the evening before", "change deadline", (own("change.deadline", "day-1 20:00"),),
        (book(), at("11-25 20:00"), change()), (book(), at("11-25 20:01"), change()),
        "too-late-to-change", "change.deadline", "截止时间是11月25日20:00",
    ),
    Case(
        "move once", "how often a visit may be moved", (own("change.max", "1"),),
        (book(), change()), (book(), change(), change(on="11-30")),
        "too-many-changes", "change.max", "最多变更1次",
    ),
    Case(
        "pick up on the visit day", "R-053", (),
        (book(), at("11-26 00:00"), arrive()), (book(), at("11-25 23:59"), arrive()),
        "not-check-in-day", "checkin.from", "请在就诊当天(11月26日(星期四))取号", ("R-053",),
    ),
    Case(
        "mornings until twenty past eleven", "domain 3.2: cut-offs 11:20 and 16:20",
        (own("checkin.cutoff@half=am", "day-0 11:20"), own("checkin.cutoff@half=pm", "day-0 16:20")),
        (book(), at("11-26 11:20"), arrive()), (book(), at("11-26 11:21"), arrive()),
        "too-late-to-check-in", "checkin.cutoff@half=am", "截止时间是11月26日11:20",
    ),
    Case(
        "afternoons until twenty past four", "domain 3.2: cut-offs 11:20 and 16:20",
        (own("checkin.cutoff@half=am", "day-0 11:20"), own("checkin.cutoff@half=pm", "day-0 16:20")),
        (book(half="pm"), at("11-26 16:20"), arrive()), (book(half="pm"), at("11-26 16:21"), arrive()),
        "too-late-to-check-in", "checkin.cutoff@half=pm", "截止时间是11月26日16:20",
    ),
    Case(
        "half an hour late is a miss", "domain 3.2", (own("noshow.late-minutes", "30"),),
        (book(), at("11-26 09:00"), arrive()), (book(), at("11-26 09:01"), arrive()),
        "too-late-to-check-in", "noshow.late-minutes", "截止时间是11月26日09:00",
    ),
)  # fmt: skip
CREDIT = (
    Case(
        "three misses in three months: three months", "domain 3.2: Beijing 2011, Shanghai 2019",
        (common("block.no-show", "3 -> 3m", ("months", 3)),),
        (*THREE_IN_SUMMER, at("11-23 10:00"), book()), (*THREE_IN_SUMMER, at("11-05 10:00"), book(on="11-06")),
        "blacklisted", "block.no-show", "多次爽约暂停,2026年11月6日02:00后可恢复预约", ("R-061", "R-062", "R-063"),
    ),
    Case(
        "three misses in half a year: half a year", "domain 3.2",
        (common("block.no-show", "3 -> 6m", ("half-year", 1)),),
        (missed("05-06"), missed("06-03"), missed("07-08"), at("11-23 10:00"), book()),
        (missed("07-08"), missed("08-05"), missed("09-02"), at("11-23 10:00"), book()),
        "blacklisted", "block.no-show", "2027年3月3日02:00后可恢复预约", ("R-158",),
    ),
    Case(
        "three misses in a year: one month", "domain 3.2", (common("block.no-show", "3 -> 1m", ("year", 1)),),
        (missed("02-04"), missed("05-06"), missed("10-21"), at("11-23 10:00"), book()),
        (missed("02-04"), missed("05-06"), missed("10-28"), at("11-23 10:00"), book()),
        "blacklisted", "block.no-show", "多次爽约暂停,2026年11月29日02:00后可恢复预约", ("R-158",),
    ),
    Case(
        "two misses in six months, at this hospital only", "a hospital's own credit rule",
        (common("block.no-show", "off"), own("block.no-show", "2 -> 90d", ("months", 6))),
        (missed("10-14"), missed("10-21", there=True), at("11-23 10:00"), book()),
        (missed("10-14"), missed("10-21"), at("11-23 10:00"), book()),
        "blacklisted", "block.no-show", "2027年1月20日02:00后可恢复预约", ("R-157",),
    ),
    Case(
        "blocked at this hospital, welcome at the next", "block scope: hospital",
        (own("block.no-show", "2 -> 90d"),),
        (missed("10-14"), missed("10-21"), at("11-23 10:00"), book(there=True)),
        (missed("10-14"), missed("10-21"), at("11-23 10:00"), book()),
        "blacklisted", "block.no-show", "多次爽约",
    ),
    Case(
        "misses anywhere block everywhere", "block scope: platform", (common("block.no-show", "2 -> 90d"),),
        (missed("10-14", there=True), at("11-23 10:00"), book()),
        (missed("10-14", there=True), missed("10-21", there=True), at("11-23 10:00"), book()),
        "blacklisted", "block.no-show", "多次爽约",
    ),
    Case(
        "three cancellations in a month: the rest of the month", "domain 3.2",
        (common("block.cancel", "3 -> month-end", ("month", 1)),),
        (gave_back("10-30"), gave_back("11-10"), gave_back("11-12"), at("11-23 10:00"), book()),
        (gave_back("11-05"), gave_back("11-10"), gave_back("11-12"), at("11-23 10:00"), book()),
        "blacklisted", "block.cancel", "多次取消预约暂停,2026年12月1日00:00后可恢复预约",
    ),
    Case(
        "three cancellations on the visit day in a month", "domain 3.2",
        (common("block.same-day-cancel", "3 -> 1m", ("month", 1)), own("cancel.deadline", "start-30m")),
        (
            gave_back("11-05", days_before=0), gave_back("11-10", days_before=0), gave_back("11-12"),
            at("11-23 10:00"), book(),
        ),
        (
            gave_back("11-05", days_before=0), gave_back("11-10", days_before=0),
            gave_back("11-12", days_before=0), at("11-23 10:00"), book(),
        ),
        "blacklisted", "block.same-day-cancel", "多次在就诊当天取消预约暂停,2026年12月12日07:30后可恢复预约",
    ),
    Case(
        "three bookings within a week", "R-064: registered many times within a period",
        (common("block.booked", "3 -> 7d", ("days", 7)),),
        (book(on="11-25"), book(on="11-26"), book(on="11-27")),
        (book(on="11-25"), book(on="11-26"), book(on="11-27"), book(on="11-30")),
        "blacklisted", "block.booked", "预约过于频繁暂停,2026年11月30日10:00后可恢复预约", ("R-064",),
    ),
    Case(
        "blocked for ever", "no end", (common("block.no-show", "1 -> for-ever"),),
        (at("11-23 10:00"), book()), (missed("02-04"), at("11-23 10:00"), book()),
        "blacklisted", "block.no-show", "暂不能预约",
    ),
)  # fmt: skip
WHICH_ROW = (
    Case(
        "a hospital without own rules uses the common ones", "R-157", (common("age.min", "14"),),
        (book(who="刚满十四"),), (book(who="将满十四"),),
        "too-young", "age.min", "14周岁", ("R-157",),
    ),
    Case(
        "own rows come before common ones, be those newer, larger or more exact", "R-157",
        (own("age.min", "14"), common("age.min", "60", priority=9), common("age.min@kind=expert", "60")),
        (book(who="刚满十四"),), (book(who="将满十四"),),
        "too-young", "age.min", "14周岁", ("R-157",),
    ),
    Case(
        "the larger priority wins", "R-158: priority", (own("age.min", "60", priority=1), own("age.min", "14", priority=9)),
        (book(who="刚满十四"),), (book(who="将满十四"),),
        "too-young", "age.min", "14周岁", ("R-158",),
    ),
    Case(
        "a row that is off says nothing", "R-158: state", (common("age.min", "14"), own("age.min", "60", state="off")),
        (book(who="刚满十四"),), (book(who="将满十四"),),
        "too-young", "age.min", "14周岁", ("R-158",),
    ),
    Case(
        "a hospital with its whole set uses no common row", "requirements 21.9: the whole-set reading",
        (common("limit.day", "1"), own("rules.resolution", "whole-set"), own("age.min", "14")),
        (book("chen"), book("kid", half="pm")), (book(who="将满十四"),),
        "too-young", "age.min", "14周岁", ("R-157",),
    ),
    Case(
        "a special numbers clinic may be stricter by half-day and department", "several qualifiers in one row",
        (own("limit.day", "9"), own("limit.day@department=03@half=pm", "1")),
        (book("kid"), book("chen", place=4)), (book("kid"), book("chen", half="pm")),
        "limit-day", "limit.day@department=03@half=pm", "每人每天最多预约1个号",
    ),
)  # fmt: skip
CASES = (*WHEN, *LIMITS, *WHO, *GIVING_BACK, *CREDIT, *WHICH_ROW)

# What the three faces must all say for a code; the page adds the date, the limit, the age.
WHY = {
    "not-released": "放出|开放预约",
    "outside-window": "不在可预约",
    "too-late-to-book": "停止预约|截止预约",
    "outside-booking-hours": "受理",
    "channel-closed": "暂不接受",
    "share-used-up": "渠道|电话",
    "limit-department-day": "科室",
    "limit-doctor-day": "医生",
    "limit-session": "班次",
    "limit-day": "每天|当天|当日",
    "limit-live": "[待未]就诊",
    "limit-period": "近期",
    "limit-phone": "手机号|电话",
    "overlapping-visit": "已有",
    "rebook-too-soon": "取消",
    "too-young": "年龄小于|周岁及以上",
    "too-old": "年龄[大超][于过]|周岁及以下",
    "wrong-sex": "性",
    "blacklisted": "因.+暂停",
    "identity-needed": "证件",
    "identity-kind-refused": "首次就诊",
    "too-late-to-cancel": "取消.*(截止|时限)",
    "too-late-to-change": "[变改][更约].*(截止|时限)",
    "too-many-changes": "[变改]",
    "web-refund-not-allowed": "退费",
    "not-check-in-day": "就诊当天",
    "too-late-to-check-in": "取号",
}


def cases() -> list[object]:
    return [
        pytest.param(
            case, id=case.name.replace(" ", "-"), marks=[pytest.mark.req(*case.proves)] if case.proves else []
        )
        for case in CASES
    ]


@pytest.fixture
async def stage(hotline: Hotline, clock: FrozenClock) -> Scene:
    return await scene(hotline, clock)


@pytest.mark.parametrize("case", cases())
async def test_the_rule_lets_through_what_it_allows(case: Case, stage: Scene) -> None:
    await stage.set(case.rows)
    for act in case.fine:
        await act(stage)


@pytest.mark.parametrize("case", cases())
async def test_the_rule_refuses_and_says_why(case: Case, stage: Scene) -> None:
    await stage.set(case.rows)
    *before, judged = case.refused
    for act in before:
        await act(stage)
    with pytest.raises(Refusal) as caught:
        await judged(stage)
    refusal = caught.value
    assert refusal.code == case.code
    names_the_row(refusal, case, stage)
    assert case.says in sentence(refusal)
    for words in (
        sentence(refusal), catalogue().text(Prompt(f"refusal-{refusal.code}")), text_words(refusal.code)
    ):  # fmt: skip
        assert re.search(WHY[refusal.code], words)


def names_the_row(refusal: Refusal, case: Case, stage: Scene) -> None:
    """The rule is quoted as it is written, with its row's id; a default has no row."""
    assert refusal.rule is not None
    assert refusal.rule.key == case.named
    if not any(row.key == case.named for row in case.rows):
        assert refusal.rule.row_id is None
        return
    assert refusal.rule.row_id is not None
    row = stage.rows[refusal.rule.row_id]
    assert (row.key, row.value) == (refusal.rule.key, refusal.rule.value)
    assert refusal.rule.hospital_id == (stage.here.hospital_id if row.own else None)
