"""What every HTTP face finds in its application, by typed keys."""

import jinja2
from aiohttp import web

from core.work import Hotline

HOTLINE = web.AppKey("HOTLINE", Hotline)
PAGES = web.AppKey("PAGES", jinja2.Environment)
