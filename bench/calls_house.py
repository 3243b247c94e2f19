"""The house of the calls bench: `hotline serve`, whose switch also has the dialplan's own menu."""

import asyncio
import os
import sys
from pathlib import Path
from unittest.mock import patch

from core.settings import Settings
from hotline.house import serve
from ivr import dialplan

MENU = "CALLS_MENU"  # names the file of the menu's contexts

_render = dialplan.render


def with_menu(at: dialplan.Installation, *, modules: Path, data: Path) -> dict[str, str]:
    files = _render(at, modules=modules, data=data)
    return files | {"extensions.conf": files["extensions.conf"] + Path(os.environ[MENU]).read_text()}


if __name__ == "__main__":
    with patch("ivr.dialplan.render", with_menu):
        sys.exit(asyncio.run(serve(Settings())))
