"""李秀英 sees Dr Chen on Thursday morning, or does not: by each way there is to say so."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import select

from core.booking.tables import Appointment
from core.errors import all_codes
from core.http.refusals import code_words
from core.values import Channel
from sms.texts import SIGNATURE
from sms.words import refusal as in_text
from tests.api.clients import App
from tests.callers import Caller
from tests.desks import Page, Room
from tests.ivr.town import LI, Town
from tests.public import words
from tests.sms.texting import Texting, texting_in
from tests.wizard import Surfer


class Way(Protocol):
    """channel: whose numbers are sold, and what the journal says."""

    channel: Channel

    async def book(self) -> str:
        """Returns the code of what was refused; '' when there is an appointment."""

    async def cancel(self, *, sure: bool) -> None:
        """sure: False for somebody who thinks better of it when asked."""


async def newest(town: Town) -> Appointment:
    async with town.hotline.read() as db:
        return (await db.execute(select(Appointment).order_by(Appointment.id.desc()).limit(1))).scalar_one()


@dataclass
class ByPhone:
    town: Town
    channel = Channel.PHONE
    calls: int = 0

    async def _call(self, keys: str) -> list[str]:
        self.calls += 1
        caller = Caller(self.town.keys(keys), id=f"call-{self.calls}")
        await self.town.desk.receive(caller)
        return list(caller.heard)

    async def book(self) -> str:
        # First the doctor she knows, with two keys; where that is not offered, the way through all menus.
        heard = await self._call("1{tail}1.")
        if not (said := _refusals(heard)) and "booked" not in " ".join(heard):
            said = _refusals(await self._call("1{tail}2112111."))
        return said[0] if said else ""

    async def cancel(self, *, sure: bool) -> None:
        await self._call("41." if sure else "42.")


def _refusals(heard: list[str]) -> list[str]:
    return [one.removeprefix("refusal-") for one in heard if one.startswith("refusal-")]


@dataclass
class ByText:
    post: Texting
    channel = Channel.SMS

    async def book(self) -> str:
        heard = await self.post.says("预约心内科陈建国11月26日上午", LI)
        if "回1预约" in heard:
            heard = await self.post.says("1", LI)
        return next((code for code in all_codes() if heard == f"{SIGNATURE}{in_text(code)}"), "")

    async def cancel(self, *, sure: bool) -> None:
        await self.post.says("取消", LI)
        await self.post.says("1" if sure else "0", LI)


@dataclass
class ByPages:
    """Full pages or light ones, as the surfer's base says."""

    surfer: Surfer
    town: Town
    channel = Channel.WEB

    async def book(self) -> str:
        base, session = self.surfer.base, self.town.sessions["chen"]
        page = words(await self.surfer.get(f"{base}/book/{session}"))
        if code := _said(page):
            return code
        led = await self._posted(f"{base}/book/{session}", key="k", period=(await self._periods(session))[0])
        if not led.startswith("/"):
            return _said(led)
        agree = await self._posted(led, person=self.surfer.person_id)
        return "" if agree.startswith("/") else _said(agree)

    async def _posted(self, path: str, **fields: object) -> str:
        """Where it leads, or the words of the page that says why not."""
        answer = await self.surfer.client.post(
            path, data={"form-token": self.surfer.form, **fields}, allow_redirects=False
        )
        return answer.headers.get("Location") or words(await answer.text())

    async def _periods(self, session_id: int) -> list[int]:
        return await self.town.clinic.periods(session_id)

    async def cancel(self, *, sure: bool) -> None:
        made = await newest(self.town)
        path = f"{self.surfer.base}/account/orders/{made.serial}/cancel"
        await self.surfer.get(path)
        if sure:
            await self.surfer.post(path, version=made.version)


def _said(page: str) -> str:
    """The code whose words stand in a page; its figures are those of the day."""
    told = {code: re.split("若干|规定时间", code_words(code)) for code in all_codes()}
    return next((code for code, parts in told.items() if all(part in page for part in parts)), "")


@dataclass
class ByApplication:
    app: App
    town: Town
    channel = Channel.WEB

    async def book(self) -> str:
        session = self.town.sessions["chen"]
        periods = (await self.app("GET", f"/schedule/{session}")).body["items"]
        body: dict[str, Any] = {"session_id": session, "period_id": periods[0]["id"]}
        hold = await self.app("POST", "/holds", body)
        if hold.status != 201:
            return hold.code
        (me, *_) = (await self.app("GET", "/attendees")).body["items"]
        body = {"hold_id": hold.body["id"], "person_id": me["person_id"]}
        made = await self.app("POST", "/appointments", body)
        return "" if made.status == 201 else made.code

    async def cancel(self, *, sure: bool) -> None:
        made = await newest(self.town)
        await self.app("GET", f"/appointments/{made.serial}")
        if sure:
            assert (await self.app("POST", f"/appointments/{made.serial}/cancel")).status == 200


@dataclass
class AtDesk:
    """李秀英 calls; the operator does it while she speaks."""

    room: Room
    page: Page
    town: Town
    channel = Channel.PHONE

    async def book(self) -> str:
        parts = await self.page.until(lambda parts: parts["draft"] and parts["caller"]["person"])
        draft = parts["draft"]["draft_id"]
        asked: Mapping[str, Any] = {"draft_id": draft, "session_id": self.town.sessions["chen"]}
        chosen = await self._do("draft.choose", **asked)
        if isinstance(chosen, str):
            return chosen
        saved = await self._do(
            "draft.save", draft_id=draft, version=chosen["version"], changes={"contact_phone": LI}
        )
        assert not isinstance(saved, str)
        done = await self._do("draft.commit", draft_id=draft, version=saved["version"])
        return done if isinstance(done, str) else ""

    async def _do(self, command: str, **given: Any) -> dict[str, Any] | str:
        """What was answered, or the code of the refusal."""
        told = await self.page.answer(await self.page.send(command, **given))
        return str(told["no"]["code"]) if "no" in told else dict(told["ok"])

    async def cancel(self, *, sure: bool) -> None:
        if sure:
            made = await newest(self.town)
            await self.page.do("appointment.cancel", appointment_id=made.id)


def by_text(town: Town) -> ByText:
    return ByText(texting_in(town.clinic))
