"""Logs and metrics show how the house is, and nothing of a person."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import pytest
import structlog
from pydantic import BaseModel

from core.errors import IdentityInvalid
from core.observing import SECRET_WORDS, Metrics, mask_text, set_up_logs
from tests.waiting import until

PHONE, IDENTITY, NAME = "13812345678", "99010119600504002X", "欧阳晓明"
MARKED = (PHONE, IDENTITY, NAME)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the real set-up writes; put back as it was after."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers, root.level, structlog.get_config()
    stream = io.StringIO()
    set_up_logs(stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.configure(**configured)


def told(lines: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@dataclass
class Patient:
    name: str = NAME
    phone: str = PHONE


class Form(BaseModel):
    age: int


class Word(StrEnum):
    SECRET = PHONE


FIELDS = [
    "name", "person_name", "patient", "phone", "callerPhone", "contact", "ani", "caller_id_num", "caller_id_name",
    "identity", "identity_number", "id_number", "card", "number", "to", "body", "text", "digits", "keys", "error",
    "detail", "value", "why", "path", "event_body",
]  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("marked", MARKED, ids=["phone", "identity", "name"])
def test_no_field_lets_personal_data_through(lines: io.StringIO, field: str, marked: str) -> None:
    log = structlog.get_logger("test")
    log.info("plain", **{field: marked})
    log.info("inside", rows=[{field: marked}], pair=(marked, 1), deep={"a": {field: f"to {marked}!"}})
    log.info(f"in the words: {marked}")
    log.bind(**{field: marked}).warning("bound")
    logging.getLogger("library").warning("%s of %s", field, marked)
    assert len(told(lines)) == 5
    assert marked not in lines.getvalue()


@pytest.mark.parametrize(
    "field", ["name", "person_name", "ani", "caller-id", "digits", "pin", "body", "Address"]
)
@pytest.mark.parametrize("value", ["John Smith", "4711", 4711, ["4711"], {"x": "4711"}])
def test_a_field_named_for_a_secret_shows_nothing_of_it(
    lines: io.StringIO, field: str, value: object
) -> None:
    structlog.get_logger("test").info("keyed", **{field: value})
    (line,) = told(lines)
    assert line[field] == "***"


@pytest.mark.parametrize(
    "value",
    [Patient(), [Patient()], Word.SECRET, int(PHONE), ValueError(f"no {NAME} at {PHONE}"), {"x": PHONE}],
    ids=["object", "objects", "enum", "number", "exception", "mapping"],
)
def test_no_value_lets_personal_data_through(lines: io.StringIO, value: object) -> None:
    structlog.get_logger("test").info("something", value=value)
    assert not any(marked in lines.getvalue() for marked in MARKED)


@pytest.mark.parametrize(
    "written", ["138 1234 5678", "138-1234-5678", "+8613812345678", "1381234 5678", "0871-63123456"]
)
def test_a_number_is_known_however_it_is_written(written: str) -> None:
    assert mask_text(f"to {written}.").strip("+") == "to ***." or mask_text(f"to {written}.") == "to +***."


@pytest.mark.parametrize("said", ["2026-11-23 10:00:00", "serial 48213907", "linkedid 1700000000.12", "j12"])
def test_what_is_not_a_persons_number_stays_readable(said: str) -> None:
    assert mask_text(said) == said


def test_a_traceback_tells_types_and_places_and_no_values(lines: io.StringIO) -> None:
    log = structlog.get_logger("test")
    secret = Patient()
    try:
        try:
            Form(age=secret.phone + secret.name)  # type: ignore[arg-type]
        except ValueError as error:
            raise RuntimeError(f"cannot read the form of {secret.name} {secret.phone}") from error
    except RuntimeError:
        log.exception("broken")
    (line,) = told(lines)
    assert not any(marked in lines.getvalue() for marked in MARKED)
    story = line["exception"]
    assert isinstance(story, list)
    assert [part["type"] for part in story] == ["RuntimeError", "ValidationError"]
    assert "age int_parsing" in story[1]["words"]
    assert any("test_logs.py" in place for place in story[0]["at"])


async def test_an_exception_nobody_caught_is_masked_too(lines: io.StringIO) -> None:
    async def fail() -> None:
        raise IdentityInvalid(facts={"kind": f"{NAME} {IDENTITY}"})

    task = asyncio.get_running_loop().create_task(fail())
    await asyncio.gather(task, return_exceptions=True)
    asyncio.get_running_loop().call_exception_handler({"message": "lost", "exception": task.exception()})
    assert "IdentityInvalid" in lines.getvalue()
    assert not any(marked in lines.getvalue() for marked in MARKED)


def test_ids_states_and_times_are_logged_as_they_are(lines: io.StringIO) -> None:
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    structlog.get_logger("core.x").info("carried", person_id=12, carrier="sms", took_s=0.25, at=now, ok=True)
    (line,) = told(lines)
    assert line.pop("timestamp")
    assert line == {
        "event": "carried", "level": "info", "logger": "core.x", "person_id": 12, "carrier": "sms",
        "took_s": 0.25, "at": "2026-11-23 02:00:00+00:00", "ok": True,
    }  # fmt: skip


def test_the_secret_words_are_single_words() -> None:
    assert all(word.isalpha() and word.islower() for word in SECRET_WORDS)


async def test_two_houses_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.texts.labels("booked", "sent").inc()
    assert b'hotline_texts_total{kind="booked",state="sent"} 1.0' in await one.render()
    assert b"hotline_texts_total{" not in await other.render()


async def test_the_lag_of_the_loop_is_measured() -> None:
    metrics = Metrics()
    sampling = asyncio.create_task(metrics.sample_loop(every_s=0.001))
    await until(lambda: (metrics.registry.get_sample_value("hotline_loop_lag_seconds_count") or 0) > 2)
    sampling.cancel()


async def test_every_metric_is_ours_and_names_nobody() -> None:
    shown = (await Metrics().render()).decode()
    names = {line.split()[2] for line in shown.splitlines() if line.startswith("# TYPE")}
    assert all(name.startswith("hotline_") for name in names)
