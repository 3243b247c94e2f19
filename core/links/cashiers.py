"""The counter that the house puts together: cashiers, till, refunds by the outbox, doubts, reconciliation."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.booking.paying import pay
from core.events import RefundOwed
from core.health import Probe, Report, State
from core.money.cashier import Cashier
from core.money.doubts import Doubts
from core.money.reconcile import HospitalBooks, Reconciler
from core.money.refunding import Refunding
from core.money.rules import PATIENCE, Patience
from core.money.stuck import waiting
from core.money.till import Till
from core.outbox import Parcel, Route
from core.ports import OutsideError
from core.work import Hotline

CARRIER = "cashier"
ROUTES: dict[str, tuple[str, ...]] = {RefundOwed.kind: (CARRIER,)}
# Two requests to a gateway, and two units of work on a busy day.
WITHIN_S = 40.0


class RefundCarrier:
    """Brings a refund to its cashier. What the cashier has, or nobody knows, is followed by the doubts."""

    def __init__(self, refunding: Refunding) -> None:
        self._refunding = refunding

    async def carry(self, parcel: Parcel) -> None:
        """Raises OutsideError while the cashier cannot be reached; after the last try doubts go on asking."""
        event = parcel.entry.event
        if not isinstance(event, RefundOwed):
            raise TypeError(f"{event.kind} is no refund")
        try:
            await self._refunding.send(event.refund_id)
        except OutsideError:
            if not parcel.last:
                raise

    def route(self) -> Route:
        """One appointment's refunds need no order among them."""
        return Route(self, within_s=WITHIN_S, ordered=False)


@dataclass(frozen=True)
class Counter:
    """till: what faces and notices call. doubts: to be run beside the house."""

    till: Till
    refunding: Refunding
    reconciler: Reconciler
    doubts: Doubts
    carrier: RefundCarrier


def cashiers_probe(hotline: Hotline, doubts: Doubts) -> Probe:
    """How payments are, for the health page."""

    async def probe() -> Report:
        if doubts.last_error:
            return Report(State.DEGRADED, f"支付查询出错：{doubts.last_error}")
        if doubts.unreached:
            return Report(State.DEGRADED, "支付渠道联系不上，正在重试")
        async with hotline.read() as db:
            refunds = await waiting(db)
        return Report(State.DEGRADED, f"{refunds}笔退款等人处理") if refunds else Report(State.UP)

    return probe


def open_counter(
    hotline: Hotline,
    cashiers: Mapping[str, Cashier],
    *,
    patience: Patience = PATIENCE,
    books: HospitalBooks | None = None,
    play: frozenset[str] = frozenset(),
) -> Counter:
    """cashiers: by provider. books: hospitals' own lists. play: providers whose money was never taken."""
    refunding = Refunding(hotline, cashiers, patience=patience, play=play)
    till = Till(hotline, cashiers, pay, refunding, patience=patience)
    reconciler = Reconciler(hotline, cashiers, books=books)
    doubts = Doubts(hotline, till, refunding, reconciler)
    return Counter(till, refunding, reconciler, doubts, RefundCarrier(refunding))
