"""A hospital's own list: its form, what is wrong by line, and the day that is compared with it (R-138)."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from core.links.hospital_lists import FolderLists
from core.money import settlements
from core.money.cashier import Kind, Line
from core.money.hospital_list import MOST_BYTES, MOST_FAULTS, BadList, read_list, written_list
from core.money.reconcile import Reconciler
from core.money.tables import Reconciliation
from core.ports import OutsideError
from core.values import Actor, ActorKind, day_of
from core.work import Hotline
from tests.money.shop import FEE, Shop

HEAD = "类型,订单号,金额"
DAY = date(2026, 11, 22)
ACCOUNTANT = Actor(ActorKind.STAFF, "kuaiji", functions=frozenset({"settlement"}))


def of(*rows: str, head: str = HEAD, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([head, *rows]).encode(encoding)


# --- the form -----------------------------------------------------------------------------------------


@pytest.mark.req("R-138")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_list_is_read_in_the_encodings_that_hospitals_use(encoding: str) -> None:
    content = of("收费,P00000000000101,30.00", "退费,R00000000000901,0.05", encoding=encoding)
    assert read_list(content) == [
        Line(Kind.PAYMENT, "P00000000000101", 3000),
        Line(Kind.REFUND, "R00000000000901", 5),
    ]


def test_other_columns_and_empty_lines_are_not_looked_at() -> None:
    content = of('30.00,"张,三",收费, P00000000000101 ', "", ",,,", head="金额,姓名,类型,订单号,")
    assert read_list(content) == [Line(Kind.PAYMENT, "P00000000000101", 3000)]


def test_what_is_written_is_read_again() -> None:
    lines = [Line(Kind.PAYMENT, "P00000000000101", 1), Line(Kind.REFUND, "R00000000000101", 123456789)]
    assert read_list(written_list(lines)) == lines


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"", 0, "empty"),
        (b"\x00\x01\x02", 0, "encoding"),
        (b"\xff\xfe\xfd\xff\xff", 0, "encoding"),
        (b"PK\x03\x04" + b"\x00" * 50, 0, "encoding"),
        (of(head="类型,金额"), 1, "header"),
        (of(head="类型,订单号,金额,金额"), 1, "header"),
        (of("收费,P00000000000101"), 2, "columns"),
        (of("消费,P00000000000101,30.00"), 2, "kind"),
        (of("收费,P1,30.00"), 2, "order"),
        (of("收费,=cmd|' /C calc'!A0,30.00"), 2, "order"),
        (of("收费,P00000000000101,30.00", "收费,P00000000000102,30"), 3, "amount"),
        (of("收费,P00000000000101,30.000"), 2, "amount"),
        (of("收费,P00000000000101,-30.00"), 2, "amount"),
        (of("收费,P00000000000101,0.00"), 2, "amount"),
        (of("收费,P00000000000101,３0.00"), 2, "amount"),
        (of("收费,P00000000000101,1e3.00"), 2, "amount"),
        (of('收费,"P0000000'), 2, "quotes"),
        (b"x" * (MOST_BYTES + 1), 0, "size"),
    ],
)
def test_what_is_wrong_is_named_by_its_line_and_nothing_is_taken(content: bytes, line: int, why: str) -> None:
    with pytest.raises(BadList) as bad:
        read_list(content)
    assert (bad.value.faults[0].line, bad.value.faults[0].why) == (line, why)


def test_many_faults_are_named_up_to_a_limit_and_none_tells_what_stands_there() -> None:
    with pytest.raises(BadList) as bad:
        read_list(of(*["收费,P00000000000101,张三"] * 100))
    assert len(bad.value.faults) == MOST_FAULTS
    assert "张三" not in f"{bad.value}{bad.value.faults}"


def test_too_many_rows_are_too_many() -> None:
    with pytest.raises(BadList) as bad:
        read_list(of(*["收费,P00000000000101,1.00"] * 4), most_rows=3)
    assert bad.value.faults[0].why == "rows"


# --- the folder ---------------------------------------------------------------------------------------


async def test_a_list_is_found_by_hospital_and_day(tmp_path: Path) -> None:
    lists = FolderLists(tmp_path)
    assert await lists.lines(7, DAY) is None
    await lists.put(7, DAY, of("收费,P00000000000101,30.00"))
    assert await lists.lines(7, DAY) == [Line(Kind.PAYMENT, "P00000000000101", 3000)]
    assert await lists.lines(8, DAY) is None
    assert [path.name for path in (tmp_path / "7").iterdir()] == ["2026-11-22.csv"]


async def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(of("收费,P00000000000101,30.00"))
    (tmp_path / "lists" / "7").mkdir(parents=True)
    (tmp_path / "lists" / "7" / "2026-11-22.csv").symlink_to(secret)
    with pytest.raises(OutsideError):
        await FolderLists(tmp_path / "lists").lines(7, DAY)


# --- the day ------------------------------------------------------------------------------------------


async def day_id(hotline: Hotline) -> int:
    async with hotline.read() as db:
        return (await db.execute(select(Reconciliation.id))).scalar_one()


@pytest.mark.req("R-138", "R-201")
async def test_three_lists_are_compared_and_a_list_that_is_brought_later_too(
    shop: Shop, tmp_path: Path
) -> None:
    lists = FolderLists(tmp_path)
    shop.counter = type(shop.counter)(
        shop.counter.till, shop.counter.refunding,
        Reconciler(shop.hotline, {"unionpay": shop.cashier}, books=lists),
        shop.counter.doubts, shop.counter.carrier,
    )  # fmt: skip
    trade = await shop.pay(await shop.appointment())
    await shop.settle()
    day = day_of(shop.clock.now())
    found = await shop.reconciled()
    assert (len(found.matched), found.hospital_fen) == (1, None)
    here, account = shop.town.hospital_id, await shop.account()
    await lists.put(here, day, of(f"收费,{trade.order},25.00"))
    async with shop.hotline.work(ACCOUNTANT) as work:
        await settlements.compare_again(work, await day_id(shop.hotline))
    assert await shop.counter.reconciler.reconcile_due() >= 1
    (line,) = await shop.named()
    assert (line.platform_fen, line.provider_fen, line.hospital_fen) == (FEE, FEE, 2500)
    await lists.put(here, day, of(f"收费,{trade.order},30.00"))
    found = await shop.counter.reconciler.reconcile(account, day)
    assert (found.differences, found.hospital_fen) == ([], FEE)


async def test_a_list_with_a_fault_holds_its_day_until_it_is_mended(shop: Shop, tmp_path: Path) -> None:
    lists = FolderLists(tmp_path)
    reconciler = Reconciler(shop.hotline, {"unionpay": shop.cashier}, books=lists)
    trade = await shop.pay(await shop.appointment())
    await shop.settle()
    day = day_of(shop.clock.now())
    await lists.put(shop.town.hospital_id, day, of(f"收费,{trade.order},三十元"))
    shop.clock.set("2026-11-24 18:30")
    await reconciler.reconcile_due()
    async with shop.hotline.read() as db:
        (row,) = await settlements.settlements(db, ACCOUNTANT, since=day, until=day)
    assert (row.state, row.matched, row.last_error) == ("due", 0, "hospital-list:2:amount")
    await lists.put(shop.town.hospital_id, day, of(f"收费,{trade.order},30.00"))
    shop.clock.advance(minutes=25)
    await reconciler.reconcile_due()
    async with shop.hotline.read() as db:
        (row,) = await settlements.settlements(db, ACCOUNTANT, since=day, until=day)
    assert (row.state, row.matched, row.last_error, row.hospital_fen) == ("done", 1, None, FEE)
