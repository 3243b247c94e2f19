"""What `hotline case` takes, apart from what it does: a help text needs no engine."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """The acts of the verb and what each is told."""
    acts = parser.add_subparsers(dest="act", required=True)
    export = acts.add_parser("export", help="the log of a case as a file: ids and codes, nobody's name")
    export.add_argument("case", help="a contact's number, or an appointment's of eight digits")
    check = acts.add_parser("check", help="whether the log still tells what stands in the tables")
    check.add_argument("case", help="as for export")
    again = acts.add_parser("replay", help="tell an exported case again; prints its state and hash")
    again.add_argument("file", type=Path)
