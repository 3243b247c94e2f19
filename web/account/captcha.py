"""Captchas as pictures and as sounds, and the answers that forms bring back."""

import asyncio

from aiohttp import web
from captcha.image import ImageCaptcha

from core.accounts import captchas
from core.http.access import everybody
from core.http.middleware import answer
from core.http.sessions import address_of
from core.values import Actor, ActorKind, Channel
from core.work import Work
from web.account.noise import among_noise
from web.house import HOUSE
from web.wording import NoSound

# The fields of every form with a captcha.
TOKEN, TYPED = "captcha-token", "captcha"
WIDTH, HEIGHT = 200, 70
SIZES = (46, 50, 54)
INK, PAPER = (24, 60, 92, 255), (244, 247, 249)
LONGEST = 64


class _Drawing(ImageCaptcha):
    """As the package draws, but dark enough for tired eyes, and hardly one figure over another."""

    # It takes the lightness of the ink for how much of it is there: dark ink would come out pale.
    lookup_table = [min(255, 5 * lightness) for lightness in range(256)]
    word_offset_dx = 0.08


def stranger(request: web.Request) -> Actor:
    """Who asks before anybody is logged in."""
    return Actor(ActorKind.PATIENT, "web", Channel.WEB, address=address_of(request))


async def fresh(request: web.Request) -> str:
    """A new captcha for a page: what its template calls `captcha`."""
    async with request.config_dict[HOUSE].hotline.work(stranger(request), fleeting=True) as work:
        return await captchas.make(work)


async def answered(request: web.Request) -> None:
    """Spend the captcha of a form that was sent. Raises CaptchaWrong."""
    form = await request.post()
    token, typed = (str(form.get(name, ""))[:LONGEST] for name in (TOKEN, TYPED))

    async def check(work: Work) -> None:
        await captchas.check(work, token, typed)

    await request.config_dict[HOUSE].hotline.run(check, stranger(request))


async def _figures(request: web.Request) -> str:
    hotline = request.config_dict[HOUSE].hotline
    async with hotline.read() as db:
        return await captchas.figures(
            db, hotline.sealer, request.match_info["token"], now=hotline.clock.now()
        )


@everybody
async def picture(request: web.Request) -> web.Response:
    """Drawn anew for each look."""
    figures = await _figures(request)
    png = await asyncio.to_thread(_drawn, figures)
    return web.Response(body=png, content_type="image/png", headers={"Cache-Control": "no-store"})


def _drawn(figures: str) -> bytes:
    # One for each picture: a font is not to be used by two threads at once.
    image = _Drawing(WIDTH, HEIGHT, font_sizes=SIZES)
    return image.generate(figures, bg_color=PAPER, fg_color=INK).getvalue()


@everybody
async def sound(request: web.Request) -> web.Response:
    """The figures in the hotline's own voice, among noise; 409 or 503 with words while it has none."""
    figures, wording = await _figures(request), request.config_dict[HOUSE].wording
    try:
        spoken = [(await wording.hear_fragment(f"digit/{one}", slow=False)).wav for one in figures]
    except NoSound as why:
        return answer(request, 503 if why.busy else 409, "no-sound", str(why))
    wav = await asyncio.to_thread(among_noise, spoken)
    return web.Response(body=wav, content_type="audio/wav", headers={"Cache-Control": "no-store"})


routes = [
    web.get(r"/account/captcha/{token:[\w-]{16,64}}.png", picture, name="captcha-picture"),
    web.get(r"/account/captcha/{token:[\w-]{16,64}}.wav", sound, name="captcha-sound"),
]
