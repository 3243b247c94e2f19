"""What `hotline merchants` takes."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="act", required=True)
    add = verbs.add_parser("add", help="a hospital's account, or a new certificate for the one it has")
    add.add_argument("hospital", help="its id, platform code or short name")
    add.add_argument("merchant", help="merchant number, fifteen digits")
    add.add_argument("--pfx", type=Path, help="file of CFCA, with certificate and key; its password is asked")
    add.add_argument("--password-file", type=Path, help="where the password of --pfx stands instead")
    add.add_argument("--certificate", type=Path, help="in PEM, with --key instead of --pfx")
    add.add_argument("--key", type=Path, help="private key in PEM, without a password")
    verbs.add_parser("list", help="every account, without its key")
    close = verbs.add_parser("close", help="nothing is paid into it any more")
    close.add_argument("merchant", help="merchant number")
