"""One installation of the switch: its ports, its passwords, its folder; the same at every start."""

import hashlib
import json
import os
import socket
import tempfile
from pathlib import Path

from core.ports import Chance
from core.settings import Settings
from ivr.dialplan import Agent, Installation

RTP = (10000, 19999)
FIRST_SIP_PORT = 5060
# A Unix socket's path may be 107 bytes; Asterisk's is run/asterisk.ctl.
_LONGEST_RUN = 107 - len("/asterisk.ctl")


def installation(settings: Settings, chance: Chance) -> Installation:
    """The installation these settings describe; passwords are made once and kept in its folder (0600).

    Ports that are not set are free ones of this moment. The phone in the page exists in the demo only:
    whoever sees the page may use it.
    """
    folder = (settings.data / "switch").resolve()
    phones = settings.phone_numbers
    kept = _secrets(folder / "secrets.json", chance, phones)
    taken = _free_tcp_ports(3)
    return Installation(
        folder=folder,
        sounds=(settings.data / "sounds" / "zh").resolve(),
        run=run_folder(folder),
        sip_port=settings.sip_port or _free_sip_port(settings.host),
        ami_port=taken[0],
        http_port=taken[1],
        agi_port=settings.agi_port or taken[2],
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
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(known, out, indent=1)
    part.replace(path)
    return known


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
