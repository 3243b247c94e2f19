"""What nothing of ours can be faster than: an aiohttp handler that answers so many bytes to anything."""

import asyncio
import sys

from aiohttp import web

BYTES = "--bytes="


async def serve(size: int) -> None:
    """Print the port, and answer until killed. size: bytes of each answer."""
    body = b"x" * size

    async def answer(request: web.Request) -> web.Response:
        if request.method == "POST":
            await request.post()
        return web.Response(body=body, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"port {runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1].removeprefix(BYTES))))
