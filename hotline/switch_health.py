"""What the health page and the metrics tell of the switch and of the line to it."""

from prometheus_client import Gauge

from core.health import Report, State
from core.observing import Metrics
from hotline.switch import State as SwitchState
from hotline.switch import Switch
from ivr.ami import Ami, AmiState

SWITCH_STATES = {
    SwitchState.STARTING: Report(State.STARTING, "正在启动"),
    SwitchState.UP: Report(State.UP),
    SwitchState.DOWN: Report(State.DOWN, "交换机停了，正在重新启动"),
    SwitchState.FAILED: Report(State.DOWN, "交换机启动失败，正在重试，详情见日志"),
    SwitchState.STOPPED: Report(State.DOWN, "交换机已停止"),
}
LINE_STATES = {
    AmiState.UP: Report(State.UP),
    AmiState.DOWN: Report(State.DOWN, "与交换机的连接断开，正在重连"),
    AmiState.SILENT: Report(State.DOWN, "交换机没有回音，正在重连"),
    AmiState.REFUSED: Report(State.DOWN, "交换机拒绝登录"),
    AmiState.CLOSED: Report(State.DOWN, "已关闭"),
}


def switch_report(switch: Switch, state: SwitchState) -> Report:
    """How the switch is; up but incomplete is degraded, with what callers would miss."""
    missing = [*switch.missing_sounds, *switch.missing_modules]
    if state is SwitchState.UP and missing:
        return Report(State.DEGRADED, f"缺少：{'、'.join(missing[:5])}")
    return SWITCH_STATES[state]


def measure_age(metrics: Metrics, ami: Ami) -> None:
    """Tell at each scrape how old our picture of the switch is."""
    age = Gauge(
        "hotline_ami_snapshot_age_seconds",
        "Since the switch was last heard while our picture of it was complete",
        registry=metrics.registry,
    )
    limit = Gauge(
        "hotline_ami_silence_limit_seconds",
        "Silence after which the switch counts as away",
        registry=metrics.registry,
    )
    limit.set(ami.missed_within_s)

    async def measure() -> None:
        age.set(ami.age_s)

    metrics.measures.append(measure)
