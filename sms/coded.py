"""The text that brings a code (R-177): what it is for, how long it lasts, that nobody else may have it."""

from core.accounts.codes import FIGURES, LIVES, Purpose, ToSend, to_send
from core.events import CodeAsked
from core.work import Work
from sms.kept import Draft
from sms.texts import Kind, write

# What a code is for, as its text says it: whoever did not ask for that knows that somebody else did.
FOR = {Purpose.REGISTER: "注册账号", Purpose.RESET: "重置密码", Purpose.PHONE: "更换手机号"}


async def draft_of(work: Work, event: CodeAsked) -> Draft | None:
    """A code, while it is still the newest and good for something; None when its row is forgotten.

    Our books keep the figures in the demo alone, where the list of texts is the visitor's telephone.
    """
    code = await to_send(work.db, work.sealer, event.phone_code_id)
    if code is None:
        return None
    why = _why_not(work, event, code)
    words = None if why else _words(code)
    kept = words.replace(code.code, "*" * FIGURES) if words and not work.demo else None
    subject = f"code/{event.phone_code_id}"
    return Draft(Kind.CODE, subject, event.number, None, code.phone, words, why, kept=kept)


def _why_not(work: Work, event: CodeAsked, code: ToSend) -> str | None:
    if code.number != event.number or code.used:
        return "overtaken"
    return "too late" if code.expires_at <= work.now else None


def _words(code: ToSend) -> str:
    facts = {"code": code.code, "what": FOR[code.purpose], "minutes": LIVES.seconds // 60}
    return write(Kind.CODE, facts, {})
