"""One installation of the switch: its ports, its passwords, its folder; the same at every start."""

import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.ports import Chance
from core.settings import Settings
from hotline.outlived import outlived
from ivr.dialplan import Agent, Installation

RTP = (10000, 19999)
FIRST_SIP_PORT = 5060
# A Unix socket's path may be 107 bytes; Asterisk's is run/asterisk.ctl.
_LONGEST_RUN = 107 - len("/asterisk.ctl")


def installation(settings: Settings, chance: Chance) -> Installation:
    """The installation these settings describe; passwords are made once and kept in its folder (0600).

    Ports that are not set are those of the last start, or free ones where somebody else has them by now.
    The phone in the page exists in the demo only: whoever sees the page may use it.
    """
    folder = (settings.data / "switch").resolve()
    phones = settings.phone_numbers
    kept = _secrets(folder / "secrets.json", chance, phones)
    run = run_folder(folder)
    ports = _ports(folder / "ports.json", settings, still_up=outlived(run) is not None)
    return Installation(
        folder=folder,
        sounds=(settings.data / "sounds" / "zh").resolve(),
        run=run,
        sip_port=ports["sip"],
        ami_port=ports["ami"],
        http_port=ports["http"],
        agi_port=ports["agi"],
        rtp=RTP,
        numbers=settings.numbers,
        trunks=settings.trunks,
        agents=tuple(Agent(number, kept[number], kept[f"page-{number}"]) for number in phones),
        ami_secret=kept["ami"],
        web_password=kept["web-caller"] if settings.demo else None,
        host=settings.host,
        patience_s=settings.queue_patience_s,
        outbound=settings.outbound or None,
    )


def run_folder(folder: Path) -> Path:
    """Where the control socket lies: in the folder, or in a short one where that path is too long."""
    inside = folder / "run"
    if len(os.fsencode(inside)) <= _LONGEST_RUN:
        return inside
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    short = Path(base) / f"hotline-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid != os.getuid():
        raise ValueError(f"{short} belongs to somebody else; choose a shorter data folder")
    return short


def taken_ports(at: Installation) -> list[str]:
    """Which of the switch's ports another program holds, by use and number.

    Asterisk starts all the same and is deaf there.
    """
    wanted = (
        ("SIP", socket.SOCK_DGRAM, at.host, at.sip_port),
        ("AMI", socket.SOCK_STREAM, "127.0.0.1", at.ami_port),
        ("HTTP", socket.SOCK_STREAM, at.host, at.http_port),
    )
    return [f"{use} {port}" for use, kind, host, port in wanted if not _can_bind(kind, host, port)]


def _ports(path: Path, settings: Settings, *, still_up: bool) -> dict[str, int]:
    """By use. still_up: a switch of ours holds those of the last start itself, all but that of the scripts.

    So a switch that outlived us finds our scripts again, and telephones find it.
    """
    try:
        last: dict[str, int] = json.loads(path.read_text())
    except (OSError, ValueError):
        last = {}
    free = _free_tcp_ports(3)

    def had(use: str, kind: socket.SocketKind, host: str) -> int | None:
        port = last.get(use)
        ours = still_up and use != "agi"
        return port if port and (ours or _can_bind(kind, host, port)) else None

    local = "127.0.0.1"
    now = {
        "sip": settings.sip_port
        or had("sip", socket.SOCK_DGRAM, settings.host)
        or _free_sip_port(settings.host),
        "ami": had("ami", socket.SOCK_STREAM, local) or free[0],
        "http": had("http", socket.SOCK_STREAM, settings.host) or free[1],
        "agi": settings.agi_port or had("agi", socket.SOCK_STREAM, local) or free[2],
    }
    if now != last:
        _write(path, now)
    return now


def _can_bind(kind: socket.SocketKind, host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:  # connections that are over do not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _secrets(path: Path, chance: Chance, phones: tuple[str, ...]) -> dict[str, str]:
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = ("ami", "web-caller", *phones, *(f"page-{number}" for number in phones))
    if all(name in known for name in wanted):
        return known
    known |= {name: known.get(name) or chance.token() for name in wanted}
    _write(path, known)
    return known


def _write(path: Path, told: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(told, out, indent=1)
    part.replace(path)


def _free_tcp_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _free_sip_port(host: str) -> int:
    for port in range(FIRST_SIP_PORT, FIRST_SIP_PORT + 200):
        if _can_bind(socket.SOCK_DGRAM, host, port):
            return port
    raise ValueError(f"no free SIP port from {FIRST_SIP_PORT} upwards")
