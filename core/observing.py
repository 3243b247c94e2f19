"""What an operator may see of the running house: JSON logs and metrics, both without personal data."""

import asyncio
import logging
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import ValidationError

from core.errors import StorageAway

# A phone, card or identity number, however it is grouped. Ten digits are a date and an hour.
_NUMBER = re.compile(r"\d(?:[ \-]?\d){10,}[Xx]?")
# People's names are Chinese and our log lines are not, so no Chinese goes into a log at all.
_CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]+")

# Words of a field's name that make its value personal or secret; `person_id` and other ids are neither.
_PEOPLE = {"name", "patient", "person", "caller", "contact", "guardian", "birth", "address", "body", "text"}
_NUMBERS = {"phone", "mobile", "tel", "ani", "callerid", "number", "to", "sender", "recipient", "identity"}
_NUMBERS |= {"idcard", "passport", "card", "digits", "keys", "dtmf"}
_SECRETS = {"pin", "password", "secret", "token", "otp", "captcha", "cookie", "authorization"}
SECRET_WORDS = frozenset(_PEOPLE | _NUMBERS | _SECRETS)
_PLAIN_ENDINGS = ("_id", "_count", "_kind", "_state", "_s", "_ms")
MASK = "***"


def mask_text(text: str) -> str:
    """Free text without long numbers and without Chinese names."""
    return _CHINESE.sub(MASK, _NUMBER.sub(MASK, text))


def mask_value(field: str, value: object) -> object:
    """What may be logged of a value; objects nobody thought of show their type and nothing else."""
    if value is None or isinstance(value, bool | float):
        return value
    if _is_secret(field):
        return MASK
    if isinstance(value, Enum):
        return mask_value(field, value.value)
    if isinstance(value, int):
        return MASK if abs(value) >= 10**10 else value
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, datetime | date | timedelta):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): mask_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(field, inner) for inner in value]
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {_message(value)}"
    return f"<{type(value).__name__}>"


def _is_secret(field: str) -> bool:
    field = field.lower()
    return not field.endswith(_PLAIN_ENDINGS) and not SECRET_WORDS.isdisjoint(re.split(r"[^a-z]+", field))


def _message(error: BaseException) -> str:
    if isinstance(error, ValidationError):  # its own words repeat what was typed
        return "; ".join(
            f"{'.'.join(map(str, e['loc']))} {e['type']}" for e in error.errors(include_input=False)
        )
    return mask_text(str(error))[:400]


def _story(error: BaseException) -> list[dict[str, object]]:
    """An exception and what caused it: types, masked words, places; never the values of variables."""
    told: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(told) < 8:
        if isinstance(current, StorageAway):  # each part says so each second for as long as it lasts
            why = current.__cause__
            told.append({"type": "StorageAway", "words": _message(why)[:120] if why else ""})
            break
        frames = traceback.extract_tb(current.__traceback__)[-12:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        told.append({"type": type(current).__name__, "words": _message(current), "at": places})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return told


# --- logs ---------------------------------------------------------------------------------------------


def mask_record(_logger: object, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last processor before a line is written: everything in it passes through the masks."""
    raised = record.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    record.pop("stack_info", None)
    masked: MutableMapping[str, Any] = {
        key: value if key in ("timestamp", "level") else mask_value(key, value)
        for key, value in record.items()
        if not key.startswith("_")
    }
    if isinstance(error, BaseException):
        masked["exception"] = _story(error)
    return masked


def set_up_logs(stream: TextIO, *, level: int = logging.INFO) -> None:
    """One JSON object a line, from our loggers and from every library's."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[mask_record, structlog.processors.JSONRenderer(ensure_ascii=False)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)


# --- metrics ------------------------------------------------------------------------------------------

Measure = Callable[[], Awaitable[None]]
# Seconds, for what should take a few thousandths of one.
QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)


class Metrics:
    """One registry for one house; nothing global, so two houses in one process do not add up.

    Parts that must look into the database before a scrape add a coroutine to `measures`.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.measures: list[Measure] = []
        self.journal_newest = Gauge(
            "hotline_journal_newest_id", "Id of the newest journal row", registry=registry
        )
        self.outbox_age = Gauge(
            "hotline_outbox_age_seconds", "Age of the oldest delivery still owed", registry=registry
        )
        self.outbox_rows = Gauge(
            "hotline_outbox_rows", "Deliveries waiting or dead", ["carrier", "state"], registry=registry
        )
        self.deliveries = Counter(
            "hotline_deliveries", "Tries to carry an event outside", ["carrier", "outcome"], registry=registry
        )
        self.feed_subscribers = Gauge(
            "hotline_feed_subscribers", "Live readers of the journal", registry=registry
        )
        self.feed_lagged = Counter(
            "hotline_feed_lagged", "Subscribers closed because they read too slowly", registry=registry
        )
        self.timer_runs = Counter(
            "hotline_timer_runs", "Runs of timed work", ["job", "outcome"], registry=registry
        )
        self.timer_rows = Counter(
            "hotline_timer_rows", "Rows that timed work has settled", ["job"], registry=registry
        )
        self.texts = Counter("hotline_texts", "Texts to patients", ["kind", "state"], registry=registry)
        self.booking_waiting = Gauge(
            "hotline_booking_waiting", "Commands in the line of the booking writer", registry=registry
        )
        self.booking_batch = Histogram(
            "hotline_booking_batch_commands",
            "Commands of one commit",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )
        self.booking_commit = Histogram(
            "hotline_booking_commit_seconds",
            "How long a commit of the booking writer waits for the disk",
            buckets=QUICK,
            registry=registry,
        )
        self.booking_batch_took = Histogram(
            "hotline_booking_batch_seconds",
            "How long a batch takes from its first question to its commit",
            buckets=QUICK,
            registry=registry,
        )
        self.booking_aside = Counter(
            "hotline_booking_aside",
            "Commands that a batch left to a transaction of their own",
            registry=registry,
        )
        self.loop_lag = Histogram(
            "hotline_loop_lag_seconds",
            "How late the event loop runs what is due",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=registry,
        )

    async def render(self) -> bytes:
        """The exposition text of Prometheus, measured now."""
        for measure in self.measures:
            await measure()
        return generate_latest(self.registry)

    async def sample_loop(self, *, every_s: float = 0.5) -> None:
        """Measure the event loop's lag until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + every_s
            await asyncio.sleep(every_s)
            self.loop_lag.observe(max(0.0, loop.time() - due))


def labelled(gauge: Gauge, values: Iterable[tuple[tuple[str, ...], float]]) -> None:
    """Set a labelled gauge to exactly these values; what is no longer there disappears."""
    gauge.clear()
    for labels, value in values:
        gauge.labels(*labels).set(value)
