"""Render dialplans/ for one installation: every file the switch reads, and what it may say by itself."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined

from ivr.sound import FORMATS

# The sentences Asterisk says without us: when our process is away, and while a caller waits.
CORE_SOUNDS: Mapping[str, str] = {
    "core/maintenance": "您好，这里是12320预约挂号热线。自助系统正在维护，马上为您转接人工，请稍候。",
    "core/queue-wait": "话务员正在为其他来电服务，请您继续等候。",
    "core/leave-message": (
        "现在没有话务员能接听。请在提示音后说出您的姓名和要办的事，说完按井号键，我们会尽快给您回电。"
    ),
    "core/message-taken": "您的留言已经记下，我们会给您回电。再见。",
    "core/message-missing": "没有听到您的留言，我们会按来电号码给您回电。再见。",
    "core/call-again": "您好，这里是12320预约挂号热线。抱歉，线路出了问题，我们过一会儿再打给您。",
    "core/farewell": "感谢您的来电，再见。",
}

# Sounds without words, made by ivr.tones: the beep before a recording.
TONES = ("beep",)

# Modules without which a caller would notice: named when they did not load.
NEEDED_MODULES = (
    "pbx_config", "chan_pjsip", "res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_sdp_rtp",
    "res_pjsip_registrar", "res_pjsip_authenticator_digest", "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user", "res_pjsip_nat", "res_pjsip_dtmf_info", "res_pjsip_caller_id",
    "res_pjsip_header_funcs", "res_pjsip_transport_websocket", "res_http_websocket", "res_sorcery_config",
    "res_sorcery_memory", "res_sorcery_astdb", "res_rtp_asterisk", "res_srtp", "res_timing_timerfd",
    "res_musiconhold", "res_agi", "app_queue", "app_playback", "app_record", "app_dtmfstore", "app_exec",
    "app_read", "app_verbose", "app_mixmonitor", "app_confbridge", "app_chanspy", "app_channelredirect",
    "res_manager_devicestate",
    "bridge_simple", "bridge_softmix", "codec_alaw", "codec_ulaw",
    "codec_a_mu", "codec_resample", "format_pcm", "format_wav", "format_sln", "func_channel",
    "func_callerid", "func_strings", "func_logic", "func_env",
)  # fmt: skip

# Loaded where the build has them: other ones' dependencies, or comfort.
WANTED_MODULES = (
    "res_pjproject", "res_crypto", "res_speech", "res_websocket_client", "res_pjsip_rfc3326",
    "res_pjsip_diversion", "res_pjsip_logger", "res_pjsip_empty_info", "res_format_attr_opus",
    "codec_opus_open_source", "codec_g722", "bridge_native_rtp", "bridge_holding",
    "bridge_builtin_features", "chan_bridge_media", "app_stack", "app_dial", "func_global", "func_timeout",
    "func_pjsip_endpoint", "func_pjsip_contact",
)  # fmt: skip


# Read by modules of ours and not needed by us.
SILENT_FILES = (
    "acl.conf", "ccss.conf", "queuerules.conf", "udptl.conf", "websocket_client.conf", "cel.conf",
    "res_fax.conf", "codecs.conf", "dnsmgr.conf", "pjproject.conf", "sorcery.conf", "extconfig.conf",
)  # fmt: skip


FOLDERS = (
    "etc", "lib", "db", "keys/keys", "data/sounds", "agi", "spool", "log", "messages", "music", "recordings",
)  # fmt: skip


@dataclass(frozen=True)
class Agent:
    """What an operator may register: a telephone by its number, the phone in the page as page-<number>."""

    number: str
    password: str = field(repr=False)
    page_password: str = field(repr=False)


@dataclass(frozen=True)
class Installation:
    """One switch of ours: its folder, its ports, who may use it.

    folder: everything Asterisk reads and writes. sounds: the folder of the Chinese sounds, by name.
    run: a short path for the control socket. trunks: addresses or networks whose calls may reach the
    numbers. rtp: first and last port of the callers' audio.
    """

    folder: Path
    sounds: Path
    run: Path
    sip_port: int
    ami_port: int
    http_port: int
    agi_port: int
    rtp: tuple[int, int]
    numbers: tuple[str, ...]
    agents: tuple[Agent, ...]
    ami_secret: str = field(repr=False)
    web_password: str | None = field(repr=False)  # of the phone in the page; None: there is none
    host: str = "127.0.0.1"
    trunks: tuple[str, ...] = ("127.0.0.1",)
    patience_s: int = 60
    message_s: int = 120
    outbound: str | None = None  # a SIP address: where calls to hospitals and to patients go
    silence_s: int = 300  # a caller from whom no sound has come for so long is gone without a word

    @property
    def recordings(self) -> Path:
        """Where the switch writes what is recorded, until it is sealed (core.recordings)."""
        return self.folder / "recordings"

    @property
    def messages(self) -> Path:
        """Where the switch and the dialogues put what callers leave."""
        return self.folder / "messages"

    @property
    def config(self) -> Path:
        """The file Asterisk is started with."""
        return self.folder / "etc" / "asterisk.conf"


def templates() -> dict[str, str]:
    """Every template by the name of the file it becomes."""
    return {
        entry.name.removesuffix(".j2"): entry.read_text(encoding="utf-8")
        for entry in files("dialplans").iterdir()
        if entry.name.endswith(".j2")
    }


def render(installation: Installation, *, modules: Path, data: Path) -> dict[str, str]:
    """Every configuration file of the switch, by name.

    modules: the folder of Asterisk's modules. data: the folder of its XML documentation, without
    which it refuses to read its own configuration.
    """
    sources = templates()
    environment = Environment(
        loader=DictLoader(sources),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    present = {path.stem for path in modules.glob("*.so")}
    given = {
        "at": installation,
        "modules_folder": modules,
        "data": data,
        "modules": [*(m for m in WANTED_MODULES if m in present), *NEEDED_MODULES],
        "silent_files": SILENT_FILES,
    }
    rendered = {name: environment.get_template(name).render(given) for name in sources}
    return rendered | dict.fromkeys(SILENT_FILES, "; nothing: here so that Asterisk does not complain\n")


def install(installation: Installation, *, modules: Path, data: Path) -> None:
    """Make the installation's folder and write every file into it; nobody else may read them.

    Raises ValueError for a value that would break out of its line.
    """
    _check(installation)
    folder = installation.folder
    for name in (
        "etc",
        "lib",
        "db",
        "keys/keys",
        "data/sounds",
        "agi",
        "spool",
        "log",
        "messages",
        "music",
        "recordings",
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    installation.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in render(installation, modules=modules, data=data).items():
        _write(folder / "etc" / name, text)
    _link(folder / "data" / "documentation", data / "documentation")
    # The only language there is: Asterisk falls back to English where it finds some.
    _link(folder / "data" / "sounds" / "zh", installation.sounds)


def is_installed(installation: Installation, *, modules: Path, data: Path) -> bool:
    """Whether `install` would write the very files that are there already."""
    etc = installation.folder / "etc"
    try:
        return all(
            (etc / name).read_text(encoding="utf-8") == text
            for name, text in render(installation, modules=modules, data=data).items()
        )
    except FileNotFoundError:
        return False


def missing_sounds(installation: Installation, names: Iterable[str] = ()) -> list[str]:
    """Sounds without a file, by name: the switch's own and the given ones."""
    wanted = [*CORE_SOUNDS, *TONES, *names]
    return [name for name in wanted if not sound_exists(installation.sounds / name)]


def sound_exists(stem: Path | str) -> bool:
    """Whether a sound is there in a format that the switch reads, given its path without extension."""
    return any(os.path.exists(f"{stem}.{kind}") for kind in FORMATS)


def _check(installation: Installation) -> None:
    words = [installation.ami_secret, installation.web_password or "", installation.host]
    words += [*installation.numbers, *installation.trunks, str(installation.folder), str(installation.run)]
    words += [
        word for agent in installation.agents for word in (agent.number, agent.password, agent.page_password)
    ]
    words.append(installation.outbound or "")
    for word in words:
        if any(character in word for character in "\r\n\0;[]"):
            raise ValueError("a value of the switch's installation holds a line break, ';' or a bracket")
    for number in (*installation.numbers, *(agent.number for agent in installation.agents)):
        if not number.isascii() or not number.isdigit():
            raise ValueError(f"a number of the switch must be digits, not {number!r}")


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    part.replace(path)


def _link(path: Path, target: Path) -> None:
    if path.is_symlink():
        path.unlink()
    path.symlink_to(target.resolve(), target_is_directory=True)
