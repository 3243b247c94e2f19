"""The limit on PostgreSQL: pgbench, prepared, one function call a command (engine_limit_pg.sql)."""

import asyncio
import math
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url

from bench.engine_ground import Server
from bench.engine_seen import HOT, Seen
from bench.engine_town import Town

FUNCTIONS = Path(__file__).with_suffix(".sql").read_text()
NOW = "2026-11-23 02:10:00+00"
CLIENTS = 8
# A session for each booking, or the same until it is sold.
CHOICE = {
    True: r"\set session :session + :sold",
    False: r"\set session :session0 + random(0, :sessions - 1)",
}
# Two statements are two transactions. What was not held is not booked: a call that finds nothing.
SCRIPT = rf"""
\set person :person0 + random(0, :people - 1)
\set number random(1, 9000000000000000)
%s
select held, (held = '')::int as sold
  from coalesce(bench_hold('limit-hold-' || :number, :session, :person, '{NOW}'), '') as held \gset
select bench_book('limit-book-' || :number, :held, :person, '{NOW}');
"""


async def limit(
    server: Server, url: str, town: Town, place: str, clients: int, *, seconds: float, warm_up: float
) -> Seen:
    """Bookings of so many clients, as fast as they go; ms are of a booking, not of a command."""
    name = make_url(url).database
    assert name
    await server.sql(FUNCTIONS, "select 1", name=name)
    with tempfile.TemporaryDirectory() as folder:
        script, log = Path(folder) / "booking.sql", Path(folder) / "log"
        script.write_text(SCRIPT % CHOICE[place == HOT])
        given = {
            "session": town.hot[0], "session0": town.sessions[0], "sessions": len(town.sessions), "sold": 0,
            "person0": town.first_person, "people": town.people,
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            f"{server.binaries}/pgbench", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-n",
            "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(math.ceil(seconds + warm_up)),
            "-f", str(script), "-l", f"--log-prefix={log}",
            *(part for key, value in given.items() for part in ("-D", f"{key}={value}")), name,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"pgbench has failed: {said.decode()}")
        written = await asyncio.to_thread(_log, Path(folder))
    seen = _seen([(int(one[2]), int(one[4]) * 1_000_000 + int(one[5])) for one in written], seconds, warm_up)
    seen.holds = await server.sql("select count(*) from hold where id not like 'past-%'", name=name)
    seen.booked = await server.sql("select count(*) from appointment where state = 'booked'", name=name)
    return seen


def _log(folder: Path) -> list[list[str]]:
    return [line.split() for one in folder.glob("log.*") for line in one.read_text().splitlines()]


def _seen(bookings: list[tuple[int, int]], seconds: float, warm_up: float) -> Seen:
    """bookings: how long each took and when it ended, in microseconds."""
    began = min(ended - took for took, ended in bookings) + warm_up * 1e6
    seen = Seen(seconds)
    seen.both_ms = [took / 1000 for took, ended in bookings if began <= ended <= began + seconds * 1e6]
    return seen
