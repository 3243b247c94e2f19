"""Staff accounts, roles as sets of functions, and who has which."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class Staff(Base):
    """One account. A deleted one keeps its row, so that its login is never used again (R-170)."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    number: Mapped[str | None] = mapped_column(String(8), unique=True)  # 工号, spoken to callers
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))  # None: sees all
    state: Mapped[str] = mapped_column(String(12), default="active")
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
