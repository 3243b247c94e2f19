"""The house of the floor bench: `hotline serve`, whose line to the switch goes through the crowd's port."""

import asyncio
import os
import sys
from unittest.mock import patch

from core.settings import Settings
from hotline.house import serve
from ivr.ami import Ami

PORT = "CROWD_PORT"


class Detour(Ami):
    """Goes to the crowd, which goes on to the switch."""

    def __init__(self, port: int, user: str, secret: str, **more: object) -> None:
        super().__init__(int(os.environ[PORT]), user, secret, **more)  # type: ignore[arg-type]


if __name__ == "__main__":
    with patch("hotline.telephone.Ami", Detour):
        sys.exit(asyncio.run(serve(Settings())))
