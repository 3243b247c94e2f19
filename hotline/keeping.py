"""How the recordings are, for the health page."""

from core.health import Probe, Report, State
from core.recordings.keeping import Keeper

# Below this share of free disk people should hear of it.
LOW_DISK = 0.1


def recordings_probe(keeper: Keeper, *, recording: bool) -> Probe:
    """recording: whether calls are recorded at all."""

    async def probe() -> Report:
        now = await keeper.condition()
        if now.lost or now.tampered:
            return Report(State.DEGRADED, f"录音缺失{now.lost}个，损坏{now.tampered}个")
        if now.free < LOW_DISK:
            return Report(State.DEGRADED, f"录音磁盘只剩{now.free:.0%}")
        if not recording:
            return Report(State.ABSENT, "没有启用录音")
        waiting = f"，{now.waiting}个待加密" if now.waiting else ""
        return Report(State.UP, f"磁盘空余{now.free:.0%}{waiting}")

    return probe
