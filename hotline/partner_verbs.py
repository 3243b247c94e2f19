"""`hotline partners`: third parties that book over the network, their keys and what they may."""

import argparse
import sys

from core.errors import Refusal
from core.partners import engine
from core.partners.booking import booked_today
from core.partners.engine import Made
from core.partners.rules import FUNCTIONS, State
from core.settings import Settings
from core.work import Hotline, Work
from hotline.staff_verbs import TERMINAL, opened


async def run(settings: Settings, options: argparse.Namespace) -> int:
    acts = {"add": _add, "set": _set, "list": _list, "off": _off, "rotate": _rotate}
    async with opened(settings) as hotline:
        try:
            return await acts[options.act](hotline, options)
        except Refusal as refusal:
            print(f"hotline: {refusal}", file=sys.stderr)
            return 1


async def _add(hotline: Hotline, options: argparse.Namespace) -> int:
    async def act(work: Work) -> Made:
        return await engine.add(
            work,
            name=options.name,
            functions=options.function or list(FUNCTIONS),
            quota=options.quota,
            pace=options.pace,
        )

    _tell(await hotline.run(act, TERMINAL))
    return 0


async def _set(hotline: Hotline, options: argparse.Namespace) -> int:
    state = State(options.state) if options.state else None

    async def act(work: Work) -> None:
        await engine.change(
            work,
            options.key,
            state=state,
            functions=options.function,
            quota=options.quota,
            pace=options.pace,
        )

    await hotline.run(act, TERMINAL)
    return 0


async def _off(hotline: Hotline, options: argparse.Namespace) -> int:
    async def act(work: Work) -> None:
        await engine.change(work, options.key, state=State.OFF)

    await hotline.run(act, TERMINAL)
    return 0


async def _rotate(hotline: Hotline, options: argparse.Namespace) -> int:
    async def act(work: Work) -> Made:
        return await engine.rotate(work, options.key)

    _tell(await hotline.run(act, TERMINAL))
    return 0


async def _list(hotline: Hotline, options: argparse.Namespace) -> int:
    async def act(work: Work) -> list[str]:
        today = await booked_today(work)
        return [
            f"{row.key_id}  {row.state:<7}  {today.get(row.id, 0)}/{row.quota} today  {row.pace}/min  "
            f"{','.join(row.functions)}  {row.name}"
            for row in await engine.partners(work.db)
        ]

    for line in await hotline.run(act, TERMINAL):
        print(line)
    return 0


def _tell(made: Made) -> None:
    print(f"key {made.key_id}")
    print(f"secret {made.secret}  (shown only now)")
