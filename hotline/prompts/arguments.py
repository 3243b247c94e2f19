"""What `hotline prompts` understands."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the verbs; `list` where none is given."""
    parser.set_defaults(what="list", slow=False, names=False, language="cmn", processes=None)
    verbs = parser.add_subparsers(dest="what")
    listing = verbs.add_parser("list", help="every sentence: seconds, limit, whose voice")
    rendering = verbs.add_parser("render", help="have them said now")
    rendering.add_argument("which", choices=["changed", "missing", "all"], nargs="?", default="changed")
    rendering.add_argument("-n", "--processes", type=int, help="at once; a core and 0.45 GB each")
    verbs.add_parser("audit", help="missing, silent, clipped, too loud, too soft, too long")
    importing = verbs.add_parser("import", help="take in human recordings by name; they always win")
    importing.add_argument("folder", type=Path)
    exporting = verbs.add_parser("export", help="the script for a voice actor, as a spreadsheet")
    exporting.add_argument("file", type=Path, nargs="?", default=Path("script.xlsx"))
    for verb in (listing, importing, exporting):
        verb.add_argument("--slow", action="store_true", help="the slow track")
    for verb in (importing, exporting):
        verb.add_argument("--language", default="cmn", help="of the recordings: cmn, yue, …")
    for verb in (rendering, exporting):
        verb.add_argument("--names", action="store_true", help="hospitals, departments and doctors too")
