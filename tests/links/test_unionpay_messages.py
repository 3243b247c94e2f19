"""UnionPay's messages: their fields, their bodies, and what its codes mean."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.links.unionpay import messages
from core.links.unionpay.messages import Outcome, Txn, outcome, read, settlement_day, written
from tests.clocks import FrozenClock

NOW = FrozenClock.at("2026-11-23 10:00:05").now()


def test_a_payment_names_merchant_order_sum_and_time_as_the_gateway_wants_them() -> None:
    fields = messages.consume(
        merchant="777290058110048",
        order="P00000000000101",
        amount_fen=3000,
        sent_at=NOW,
        open_until=NOW,
        front_url="https://a.example/front",
        back_url="https://a.example/back",
    )
    assert fields["txnTime"] == fields["payTimeout"] == "20261123100005"
    assert (fields["txnAmt"], fields["currencyCode"]) == ("3000", "156")
    assert (fields["txnType"], fields["txnSubType"], fields["bizType"]) == ("01", "01", "000201")
    assert all(fields.values())


def test_every_kind_of_message_says_its_version_and_how_it_is_signed() -> None:
    common = {"merchant": "1", "order": "P1", "sent_at": NOW}
    for fields in (
        messages.query(**common),  # type: ignore[arg-type]
        messages.back(Txn.VOID, amount_fen=1, txn="q", back_url="u", **common),  # type: ignore[arg-type]
        messages.file_transfer(merchant="1", day=date(2026, 11, 3), sent_at=NOW),
    ):
        assert (fields["version"], fields["signMethod"]) == ("5.1.0", "01")
    assert messages.file_transfer(merchant="1", day=date(2026, 11, 3), sent_at=NOW)["settleDate"] == "1103"


def test_a_value_in_braces_keeps_its_own_signs() -> None:
    body = "a=1&reserved={x=1&y=2}&cert=MII+/==&list=[p&q]&empty=&b"
    assert read(body) == {
        "a": "1", "reserved": "{x=1&y=2}", "cert": "MII+/==", "list": "[p&q]", "empty": "",
    }  # fmt: skip


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True),
        st.from_regex(r"[^&{}\[\]]{0,20}", fullmatch=True),
        max_size=8,
    )
)
def test_what_is_written_is_read(fields: dict[str, str]) -> None:
    assert read(written(fields)) == fields


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("00", Outcome.DONE),
        ("A6", Outcome.DONE),
        ("03", Outcome.DOUBT),
        ("04", Outcome.DOUBT),
        ("05", Outcome.DOUBT),
        ("34", Outcome.ABSENT),
        ("06", Outcome.BUSY),
        ("11", Outcome.REFUSED),
        ("", Outcome.REFUSED),
    ],
)
def test_a_code_means_one_thing(code: str, means: Outcome) -> None:
    assert outcome(code) is means


@pytest.mark.parametrize(
    ("today", "month_day", "day"),
    [
        ("2026-11-24 09:00", "1123", date(2026, 11, 23)),
        ("2027-01-01 09:00", "1231", date(2026, 12, 31)),
        ("2026-12-31 23:30", "0101", date(2027, 1, 1)),
        ("2027-06-01 09:00", "0229", date(2028, 2, 29)),
    ],
)
def test_a_settlement_day_without_a_year_is_the_nearest(today: str, month_day: str, day: date) -> None:
    assert settlement_day(month_day, FrozenClock.at(today).now()) == day


def test_what_is_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match=r"day|literal"):
        settlement_day("1332", NOW)


def test_a_moment_is_read_back() -> None:
    assert messages.read_moment(messages.moment(NOW)) == NOW
    assert isinstance(messages.read_moment("20261123100005"), datetime)
