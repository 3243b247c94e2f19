"""The one command: hotline serve | migrate | seed | call | prompts | staff | merchants | partners | case."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from core.observing import set_up_logs
from core.settings import Settings
from hotline.case_arguments import arguments as describe_cases
from hotline.merchant_arguments import arguments as describe_merchants
from hotline.partner_arguments import arguments as describe_partners
from hotline.prompts.arguments import arguments as describe_prompts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = Settings(**_given(options))
    except ValidationError as error:
        for problem in error.errors():
            print(f"HOTLINE_{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}", file=sys.stderr)
        return 2
    set_up_logs(sys.stderr, level=logging.WARNING)  # `serve` says more
    try:
        return asyncio.run(_VERBS[options.verb](settings, options))
    except KeyboardInterrupt:
        return 0
    except ValueError as error:
        print(f"hotline: {error}", file=sys.stderr)
        return 2


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Settings that were said on the command line; they win over the environment."""
    named = ("demo", "port", "switch", "data")
    given = {name: value for name in named if (value := getattr(options, name, None)) is not None}
    # Whoever calls up or keeps the demo that runs here need not say so again.
    if options.verb in ("call", "staff", "merchants", "partners", "case") and Settings(**given).demo_is_here:
        given["demo"] = True
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hotline", description="12320: one number for every hospital")
    verbs = parser.add_subparsers(dest="verb", required=True)

    serve = verbs.add_parser("serve", help="run everything: switch, voice menu, web, texts, timers")
    serve.add_argument("--demo", action="store_true", default=None, help="with the fictional province")
    serve.add_argument("--port", type=int, help="of the web page")
    serve.add_argument("--no-switch", dest="switch", action="store_false", default=None)

    migrate = verbs.add_parser("migrate", help="bring the database schema up to date")
    migrate.add_argument("--to", default="head", help="a revision")

    seed = verbs.add_parser("seed", help="write the fictional province into an empty database")
    seed.add_argument("--demo", action="store_true", default=True)

    call = verbs.add_parser("call", help="call yourself: the same dialogues in the terminal")
    call.add_argument("--from", dest="ani", default=None, help="the number you call from")
    call.add_argument("--demo", action="store_true", default=None, help="in a new fictional province")

    prompts = verbs.add_parser("prompts", help="every sentence the machine can say")
    describe_prompts(prompts)
    staff = verbs.add_parser("staff", help="accounts from the terminal, and whether the audit is whole")
    _describe_staff(staff)
    merchants = verbs.add_parser("merchants", help="hospitals' own accounts at UnionPay")
    describe_merchants(merchants)
    partners = verbs.add_parser("partners", help="third parties that book over the network, and their keys")
    describe_partners(partners)
    case = verbs.add_parser("case", help="one case told again from its log")
    describe_cases(case)
    for verb in (serve, migrate, seed, call, prompts, staff, merchants, partners, case):
        verb.add_argument("--data", help="folder of the database, keys and messages")
    return parser


def _describe_staff(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="act", required=True)
    add = verbs.add_parser("add", help="a new account; prints its one-time password")
    add.add_argument("login")
    add.add_argument("name")
    add.add_argument("--role", action="append", default=[], help="name of a role; several times for several")
    add.add_argument("--number", help="工号, spoken to callers")
    reset = verbs.add_parser("reset", help="prints a new one-time password")
    reset.add_argument("login")
    reset.add_argument("--second-factor", action="store_true", help="take it away: the phone is lost")
    verify = verbs.add_parser("verify-audit", help="walk the whole audit; names the first broken row")
    verify.add_argument("--kept", help="NUMBER:MARK that an earlier run printed; must still be there")


async def _serve(settings: Settings, _: argparse.Namespace) -> int:
    from hotline.house import serve

    return await serve(settings)


async def _migrate(settings: Settings, options: argparse.Namespace) -> int:
    from core.database import open_database
    from core.migrations import upgrade

    settings.data.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.url)
    await upgrade(database, options.to)
    await database.close()
    print(f"{database.url}: schema is at {options.to}")
    return 0


async def _seed(settings: Settings, _: argparse.Namespace) -> int:
    from hotline.foundation import foundation

    async with foundation(settings):
        print(f"{settings.data}: the demo province is there")
    return 0


async def _call(settings: Settings, options: argparse.Namespace) -> int:
    from hotline.terminal import call

    return await call(settings, ani=options.ani)


async def _prompts(settings: Settings, options: argparse.Namespace) -> int:
    from hotline.prompts.verbs import run

    return await run(settings, options)


async def _staff(settings: Settings, options: argparse.Namespace) -> int:
    from hotline.staff_verbs import run

    return await run(settings, options)


async def _merchants(settings: Settings, options: argparse.Namespace) -> int:
    from hotline.merchants import run

    return await run(settings, options)


async def _partners(settings: Settings, options: argparse.Namespace) -> int:
    from hotline.partner_verbs import run

    return await run(settings, options)


async def _case(settings: Settings, options: argparse.Namespace) -> int:
    from hotline.case_verbs import run

    return await run(settings, options)


_VERBS = {
    "serve": _serve,
    "migrate": _migrate,
    "seed": _seed,
    "call": _call,
    "prompts": _prompts,
    "staff": _staff,
    "merchants": _merchants,
    "partners": _partners,
    "case": _case,
}
