"""Everything an installation may set, read once and checked before anything starts."""

import os
import secrets
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables HOTLINE_…; a secret may also come from the file HOTLINE_…_FILE names."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", extra="forbid", frozen=True)

    data: Path = Field(default=Path("var"), description="Folder of the database, keys, recordings")
    cache: Path = Field(
        default_factory=lambda: (
            Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "hotline12320"
        ),
        description="Folder that may be lost: the unpacked switch, rendered speech",
    )
    database_url: str = Field(default="", description="Empty: SQLite in the data folder")
    master_secret: SecretStr = Field(
        default=SecretStr(""), description="32 bytes or more; seals personal data"
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8320, ge=0, le=65535, description="Web; 0 takes a free one")
    sip_port: int = Field(default=0, ge=0, le=65535, description="0: the first free one from 5060 upwards")
    agi_port: int = Field(default=0, ge=0, le=65535)
    numbers: tuple[str, ...] = Field(default=("12320",), description="Dial-in numbers of the hotline")
    trunks: tuple[str, ...] = Field(
        default=("127.0.0.1",), description="Addresses or networks whose calls may reach the numbers"
    )
    phones: str = Field(
        default="8001-8040,9001-9005",
        pattern=r"^\d{3,6}(-\d{3,6})?(,\d{3,6}(-\d{3,6})?)*$",
        description="Telephone numbers of operators and supervisors: ranges and single ones",
    )
    outbound: str = Field(
        default="",
        pattern=r"^(sips?:[\w.@:-]+)?$",
        description="SIP address for calls to hospitals and patients",
    )
    outbound_lines: int = Field(
        default=4, ge=0, le=500, description="Calls that the machine makes at once; 0: operators make them"
    )
    switch: bool = Field(default=True, description="Run a switch of our own")
    demo: bool = Field(default=False, description="The fictional province; accepts its invented numbers")
    demo_size: str = Field(default="demo", pattern="^(tiny|demo)$")
    recording: bool = Field(default=False, description="Record calls")
    voice: str = Field(default="kokoro", pattern="^(kokoro|espeak)$", description="The voice of the menu")
    voice_style: str = Field(
        default="zf_xiaobei", pattern=r"^z[fm]_\w+$", description="Which of Kokoro's Mandarin speakers"
    )
    voice_lanes: int = Field(
        default_factory=lambda: max(1, min(8, (os.cpu_count() or 1) - 1)),
        ge=1,
        le=64,
        description="Sentences rendered at once in the background; a core and 0.45 GB each",
    )
    languages: dict[str, str] = Field(
        default_factory=dict,
        description='Dialect of a number whose sentences are recorded: {"12321": "yue"}',
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    https: bool = Field(default=False, description="Pages are reached over https, as by a proxy before us")
    proxies: tuple[str, ...] = Field(
        default=(), description="Addresses or networks of proxies whose X-Forwarded-For is believed"
    )
    session_idle_minutes: int = Field(default=30, ge=1, le=720, description="Staff are logged out after this")
    session_hours: int = Field(default=12, ge=1, le=24, description="A login lasts no longer than this")
    second_factor: str = Field(
        default="administrators",
        pattern="^(optional|administrators|everybody)$",
        description="Who must have a second factor",
    )

    public: str = Field(
        default="", pattern=r"^(https?://[^/\s]+)?$", description="Address by which others reach these pages"
    )
    text_number: str = Field(
        default="", pattern=r"^\d{0,20}$", description="Published number for booking by text (R-097)"
    )
    texts: tuple[Literal["console", "smpp", "http", "twilio"], ...] = Field(
        default=("console",), min_length=1, description="Gateways for texts, the preferred one first"
    )
    text_rates: dict[str, float] = Field(
        default_factory=dict, description='Texts a second by gateway where it is not 100: {"smpp": 300}'
    )
    smpp_host: str = ""
    smpp_port: int = Field(default=2775, ge=1, le=65535)
    smpp_system_id: str = Field(default="", max_length=15)
    smpp_password: SecretStr = SecretStr("")
    smpp_tls: bool = False
    smpp_window: int = Field(default=10, ge=1, le=1000, description="Parts that may wait for an answer")
    http_text_address: str = Field(default="", description="Where a signed-HTTP aggregator takes texts")
    http_text_key: str = ""
    http_text_secret: SecretStr = SecretStr("")
    http_text_their_keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="Secrets by which we believe what the aggregator brings, by key"
    )
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_sender: str = Field(default="", description="+86… or a messaging service, MG…")

    unionpay: bool = Field(default=False, description="Fees are paid through UnionPay (docs/payments.md)")
    unionpay_gateway: str = Field(
        default="https://gateway.95516.com",
        pattern=r"^https://[^/\s]+$",
        description="Where payments go; another for UnionPay's test environment",
    )
    unionpay_files: str = Field(
        default="https://filedownload.95516.com",
        pattern=r"^https://[^/\s]+$",
        description="Where the files of a day come from",
    )
    unionpay_roots: Path | None = Field(
        default=None, description="UnionPay's root certificates, PEM or one in DER: acp_prod_root.cer"
    )
    unionpay_middles: Path | None = Field(default=None, description="And those between: acp_prod_middle.cer")
    unionpay_owner: str = Field(
        default="", description="To whom the gateway's certificate is made out, where it is a test gateway's"
    )
    hospital_lists: Path | None = Field(
        default=None,
        description="Folder of hospitals' own lists of a day; empty: hospital-lists in the data folder",
    )

    hold_grace_minutes: int = Field(default=10, ge=0, le=60, description="A hold outlives its call by this")
    callback_hours: int = Field(default=2, ge=1, le=24, description="A message is answered within this")
    queue_patience_s: int = Field(
        default=60, ge=5, le=600, description="From then on a waiting caller may leave a message instead"
    )
    skill_overflow_s: int = Field(
        default=40, ge=0, le=600, description="After this wait any operator may take a call for a skill"
    )
    operator_grace_s: int = Field(
        default=25, ge=3, le=300, description="A caller waits so long for an operator whose page broke"
    )

    @field_validator("master_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value().encode()) < 32:
            raise ValueError("needs 32 bytes or more")
        return value

    @property
    def phone_numbers(self) -> tuple[str, ...]:
        """Every number of `phones`, once, in order."""
        numbers: dict[str, None] = {}
        for part in self.phones.split(","):
            first, _, last = part.partition("-")
            numbers |= {str(number): None for number in range(int(first), int(last or first) + 1)}
        return tuple(numbers)

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data / 'hotline.db'}"

    @property
    def lists(self) -> Path:
        """The folder of hospitals' own lists."""
        return (self.hospital_lists or self.data / "hospital-lists").resolve()

    @property
    def _demo_secret(self) -> Path:
        return self.data / "demo-master-secret"

    @property
    def demo_is_here(self) -> bool:
        """Whether the data folder is a demo's."""
        return self._demo_secret.exists()

    def master(self) -> bytes:
        """The secret that seals personal data: set, or made once and kept in the data folder (0600).

        Outside the demo it must be set: a secret beside the data it seals protects nothing.
        Raises ValueError.
        """
        given = self.master_secret.get_secret_value()
        if given:
            return given.encode()
        file = os.environ.get("HOTLINE_MASTER_SECRET_FILE")
        if file:
            return Path(file).read_bytes().strip()
        if not self.demo:
            raise ValueError("set HOTLINE_MASTER_SECRET or HOTLINE_MASTER_SECRET_FILE")
        kept = self._demo_secret
        if not kept.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_urlsafe(48))
        return kept.read_bytes()
