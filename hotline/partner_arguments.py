"""What `hotline partners` takes, apart from what it does: a help text needs no engine."""

import argparse

from core.partners.rules import FUNCTIONS, State


def arguments(parser: argparse.ArgumentParser) -> None:
    """The acts of the verb and what each is told."""
    acts = parser.add_subparsers(dest="act", required=True)
    add = acts.add_parser("add", help="a new partner, in the sandbox; prints its secret, once")
    add.add_argument("name")
    add.add_argument("--quota", type=int, default=100, help="bookings a day (100)")
    add.add_argument("--pace", type=int, default=60, help="requests a minute (60)")
    add.add_argument(
        "--function", action="append", choices=list(FUNCTIONS), help="several times for several; all if none"
    )
    change = acts.add_parser("set", help="change what a partner may")
    change.add_argument("key")
    change.add_argument("--state", choices=[State.LIVE.value, State.SANDBOX.value])
    change.add_argument("--quota", type=int)
    change.add_argument("--pace", type=int)
    change.add_argument("--function", action="append", choices=list(FUNCTIONS), help="these and no others")
    acts.add_parser("list", help="all of them, with what they booked today")
    off = acts.add_parser("off", help="nothing more from this partner")
    off.add_argument("key")
    rotate = acts.add_parser("rotate", help="a new secret; prints it, once, and the old one opens nothing")
    rotate.add_argument("key")
