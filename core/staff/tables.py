"""Staff accounts, roles as sets of functions, who has which; sessions, guesses, and the audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class Staff(Base):
    """One account. A deleted one keeps its row, so that its login is never used again (R-170)."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    number: Mapped[str | None] = mapped_column(String(8), unique=True)  # 工号, spoken to callers
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))  # None: sees all
    supreme: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # admin
    state: Mapped[str] = mapped_column(String(12), default="active")
    password: Mapped[str | None] = mapped_column(String(160))  # argon2id in its own notation; None: no way in
    one_time_until: Mapped[datetime | None] = mapped_column(Instant)  # set: to be changed, and good so long
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int | None] = mapped_column(Integer)  # of the last code taken: none is taken twice
    created_at: Mapped[datetime] = mapped_column(Instant)


class Role(Base):
    """A name and the functions it allows (R-164, R-166)."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    functions: Mapped[list[Any]] = mapped_column(JSON)


class StaffRole(Base):
    """Several roles for one account; the rights are the union (R-172)."""

    __tablename__ = "staff_role"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"))

    __table_args__ = (UniqueConstraint("staff_id", "role_id"),)


class StaffSession(Base):
    """One login in one browser. print: of the cookie, which stands nowhere. stage: of the login."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    print: Mapped[str] = mapped_column(String(32), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    stage: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(45))
    browser: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_why: Mapped[str | None] = mapped_column(String(12))

    __table_args__ = (Index("ix_staff_session_staff", "staff_id", "ended_at"),)


class LoginGuess(Base):
    """Tries that were not right: of a login (known or not), an address, or a code. print: of which."""

    __tablename__ = "login_guess"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    print: Mapped[str] = mapped_column(String(32), primary_key=True)
    tries: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(Instant, index=True)  # forgotten then


class AuditEntry(Base):
    """Who did what that must be answered for. Never changed; mark: keyed over the row and the mark before."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(40))
    staff_id: Mapped[int | None] = mapped_column(Key)
    hospital_id: Mapped[int | None] = mapped_column(Key)  # of who acted
    session_id: Mapped[int | None] = mapped_column(Key)
    address: Mapped[str] = mapped_column(String(45))
    act: Mapped[str] = mapped_column(String(40))
    what: Mapped[str] = mapped_column(String(200))
    subject_id: Mapped[int | None] = mapped_column(Key)
    reason: Mapped[str | None] = mapped_column(String(200))
    before: Mapped[str] = mapped_column(String(32))
    mark: Mapped[str] = mapped_column(String(32), unique=True)

    __table_args__ = (
        Index("ix_audit_entry_act", "act", "id"),
        Index("ix_audit_entry_staff", "staff_id", "id"),
    )


# The database itself refuses to change an entry; migration 0005 says the same.
APPEND_ONLY = {
    "sqlite": tuple(
        f"create trigger audit_entry_no_{act} before {act} on audit_entry "
        "begin select raise(abort, 'the audit is append-only'); end"
        for act in ("update", "delete")
    ),
    "postgresql": (
        "create or replace function audit_append_only() returns trigger language plpgsql as "
        "$$ begin raise exception 'the audit is append-only'; end $$",
        "create trigger audit_entry_append_only before update or delete or truncate on audit_entry "
        "for each statement execute function audit_append_only()",
    ),
}
for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        _refuse = DDL(_statement)  # type: ignore[no-untyped-call] # SQLAlchemy has no types for it
        event.listen(AuditEntry.__table__, "after_create", _refuse.execute_if(dialect=_dialect))
