"""Log in and out, register, and set a forgotten password: what a form does with a captcha, by budgets."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import StringConstraints

from core.accounts import about as abouts
from core.accounts import codes, sessions
from core.accounts.codes import Purpose
from core.accounts.login import change_password, log_in, log_out
from core.accounts.opening import open_account
from core.accounts.passwords import Where
from core.accounts.resetting import reset
from core.accounts.sessions import APP, Begun
from core.errors import (
    AccountExists,
    CodesUsedUp,
    CodeTooSoon,
    CodeWrong,
    CredentialsWrong,
    IdentityConflict,
    IdentityInvalid,
    LoginLocked,
    PasswordWeak,
    PhoneInvalid,
    ResetWrong,
)
from core.staff import guesses, rules
from core.staff.rules import Budget
from core.values import Phone, day_of, phone
from core.work import Work
from web.api.appointments import Kind
from web.api.models import Answer, Asked, Day, IdentityNumber, Instant, Mobile, Nothing, Words
from web.api.operation import Auth, Call, Operation

GROUP = "entering"
# No picture is asked of an application; instead an address has fewer tries than a browser with a captcha.
TRYING = Budget("api-net", 20, timedelta(minutes=15), pushed=False)
SENDING = Budget("api-code-net", 10, timedelta(hours=1), pushed=False)

Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class Login(Asked):
    """login: the mobile number, or the number of identity papers."""

    login: Words
    password: Password


class AskCode(Asked):
    mobile: Mobile
    purpose: Literal["register", "reset"]


class Registration(Asked):
    """sex and birth_date: where the identity number does not carry them."""

    mobile: Mobile
    code: Code
    name: Words
    identity_kind: Kind = "resident"
    identity_number: IdentityNumber
    sex: Literal["female", "male"] | None = None
    birth_date: Day | None = None
    password: Password


class Reset(Asked):
    mobile: Mobile
    code: Code
    name: Words
    identity_number: IdentityNumber
    password: Password


class Token(Answer):
    """What the application sends as `Authorization: Bearer …`; shown once, and kept by nobody but it."""

    token: str
    ends_at: Instant

    @classmethod
    def of(cls, it: Begun) -> "Token":
        return cls(token=it.token, ends_at=it.ends_at)


class Sent(Answer):
    """again_at: from when on another code may be asked for."""

    again_at: Instant


def _where(call: Call[Nothing, Nothing, Asked]) -> Where:
    return Where(call.caller.by.address, call.browser)


async def _take(call: Call[Nothing, Nothing, Asked], budget: Budget) -> None:
    """Raises LoginLocked."""

    async def act(work: Work) -> None:
        await guesses.take(work, budget, call.caller.by.address)

    await call.hotline.run(act, call.caller.by)


async def enter(call: Call[Nothing, Nothing, Login]) -> Token:
    """Raises CredentialsWrong, whatever is wrong; LoginLocked."""
    await _take(call, TRYING)
    begun = await log_in(
        call.hotline, call.passwords, call.caller.by, login=call.body.login, password=call.body.password,
        where=_where(call), kind=APP,
    )  # fmt: skip

    async def settle(work: Work) -> None:
        await guesses.give_back(work, TRYING, call.caller.by.address)

    await call.hotline.run(settle, call.caller.by)
    return Token.of(begun)


async def leave(call: Call[Nothing, Nothing, Nothing]) -> None:
    patient = call.caller.patient
    assert patient

    async def act(work: Work) -> None:
        await log_out(work, patient.session_id)

    await call.hotline.run(act, call.caller.by)


async def ask_code(call: Call[Nothing, Nothing, AskCode]) -> Sent:
    """The same whether the number has an account or not. Raises CodeTooSoon, CodesUsedUp, LoginLocked."""
    number = _mobile(call, call.body.mobile)
    await _take(call, SENDING)

    async def act(work: Work) -> Sent:
        return Sent(again_at=await codes.ask(work, number, Purpose(call.body.purpose)))

    return await call.hotline.run(act, call.caller.by)


async def open_one(call: Call[Nothing, Nothing, Registration]) -> Token:
    """Raises what core.accounts.opening does. The code is spent only when all else is good."""
    asked = call.body
    number = _mobile(call, asked.mobile)
    about = abouts.read(
        name=asked.name, kind=asked.identity_kind, number=asked.identity_number, sex=asked.sex or "",
        birth_date=asked.birth_date.isoformat() if asked.birth_date else "", today=day_of(call.now),
        demo=call.hotline.demo,
    )  # fmt: skip
    _strong(asked.password)
    await _take(call, TRYING)
    proof = await codes.prove(call.hotline, call.caller.by, number, Purpose.REGISTER, asked.code)
    begun = await open_account(
        call.hotline, call.passwords, call.caller.by, proof=proof, about=about, password=asked.password,
        again=asked.password, where=_where(call),
    )  # fmt: skip
    return await _for_application(call, begun)


async def set_anew(call: Call[Nothing, Nothing, Reset]) -> Token:
    """Raises ResetWrong, whatever does not agree; PasswordWeak; LoginLocked."""
    asked = call.body
    number = _mobile(call, asked.mobile)
    _strong(asked.password)
    await _take(call, TRYING)
    proved = await reset(
        call.hotline, call.caller.by, phone=number, number=asked.identity_number, name=asked.name,
        code=asked.code, where=_where(call),
    )  # fmt: skip
    begun = await change_password(
        call.hotline, call.passwords, call.caller.by, proved.account_id, old=None, new=asked.password,
        again=asked.password, where=_where(call),
    )  # fmt: skip
    return await _for_application(call, begun)


async def _for_application(call: Call[Nothing, Nothing, Asked], begun: Begun) -> Token:
    """A browser's session, made into one of an application: longer, and by token alone."""

    async def act(work: Work) -> Begun:
        await sessions.end(work, begun.session_id, "replaced")
        by = call.caller.by
        return await sessions.begin(
            work, begun.account_id, kind=APP, address=by.address, browser=call.browser
        )

    return Token.of(await call.hotline.run(act, call.caller.by))


def _mobile(call: Call[Nothing, Nothing, Asked], digits: str) -> Phone:
    """Raises PhoneInvalid."""
    number = phone(digits, demo=call.hotline.demo)
    if not number.is_mobile:
        raise PhoneInvalid
    return number


def _strong(password: str) -> None:
    """Asked before a code is spent on it. Raises PasswordWeak."""
    if why := rules.weak(rules.plain(password)):
        raise PasswordWeak(facts={"why": why})


OPERATIONS = (
    Operation(
        "log-in", "POST", "/sessions", GROUP, "登录：手机号或证件号码加密码", "Log in", enter, Token, 201,
        body=Login, refusals=(CredentialsWrong, LoginLocked), strict_pace=True,
    ),
    Operation(
        "log-out", "DELETE", "/sessions/current", GROUP, "退出登录", "Log out", leave, None, 204,
        Auth.PATIENT,
    ),
    Operation(
        "ask-code", "POST", "/codes", GROUP, "发短信验证码：每分钟一个", "Have a code sent by text", ask_code,
        Sent, 202, body=AskCode, refusals=(PhoneInvalid, CodeTooSoon, CodesUsedUp, LoginLocked),
        strict_pace=True,
    ),
    Operation(
        "register", "POST", "/accounts", GROUP, "注册（实名）", "Open an account", open_one, Token, 201,
        body=Registration, strict_pace=True,
        refusals=(
            PhoneInvalid, CodeWrong, IdentityInvalid, IdentityConflict, AccountExists, PasswordWeak,
            LoginLocked,
        ),
    ),
    Operation(
        "reset-password", "POST", "/password-resets", GROUP, "忘记密码：核对后重设",
        "Set a forgotten password", set_anew, Token, 201, body=Reset, strict_pace=True,
        refusals=(PhoneInvalid, ResetWrong, CredentialsWrong, PasswordWeak, LoginLocked),
    ),
)  # fmt: skip
