"""Regions, hospitals, campuses, departments, doctors, and the posts that join them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Instant, Key


class Region(Base):
    __tablename__ = "region"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)  # GB/T 2260 style
    name: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))


class Hospital(Base):
    """R-146. Its booking times (R-147..R-151) are its own rows of the rule table, not columns."""

    __tablename__ = "hospital"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(String(22), unique=True)  # platform code, never re-used
    name: Mapped[str] = mapped_column(String(60))
    short_name: Mapped[str] = mapped_column(String(30))  # what a caller hears in a menu
    pinyin: Mapped[str] = mapped_column(String(200))
    initials: Mapped[str] = mapped_column(String(60), index=True)
    grade: Mapped[str] = mapped_column(String(12))  # 三甲 … 未定级
    kind: Mapped[str] = mapped_column(String(20))
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"), index=True)
    address: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    website: Mapped[str] = mapped_column(String(120), default="")
    introduction: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(12), default="draft")  # draft, live, suspended
    mode: Mapped[str] = mapped_column(String(12), default="quota")  # quota or realtime
    menu_order: Mapped[int] = mapped_column(default=100)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)


class Campus(Base):
    __tablename__ = "campus"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(120), default="")

    __table_args__ = (UniqueConstraint("hospital_id", "name"),)


class Department(Base):
    __tablename__ = "department"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"))
    code: Mapped[str] = mapped_column(String(20))
    standard_code: Mapped[str] = mapped_column(String(10), default="", index=True)  # 诊疗科目 '03.04'
    name: Mapped[str] = mapped_column(String(40))
    pinyin: Mapped[str] = mapped_column(String(120))
    initials: Mapped[str] = mapped_column(String(40))
    introduction: Mapped[str] = mapped_column(Text, default="")
    special: Mapped[bool] = mapped_column(default=False)
    open: Mapped[bool] = mapped_column(default=True)  # open for booking
    menu_order: Mapped[int] = mapped_column(default=100)
    where: Mapped[str] = mapped_column(String(60), default="")  # 门诊楼三楼, said after booking

    __table_args__ = (UniqueConstraint("hospital_id", "code"),)


class Doctor(Base):
    __tablename__ = "doctor"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"), index=True)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(30))
    pinyin: Mapped[str] = mapped_column(String(80))  # with tones; an administrator may correct it
    initials: Mapped[str] = mapped_column(String(20), index=True)
    sex: Mapped[str | None] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(20))  # 主任医师 副主任医师 主治医师 住院医师
    speciality: Mapped[str] = mapped_column(String(200), default="")
    introduction: Mapped[str] = mapped_column(Text, default="")
    recommended: Mapped[bool] = mapped_column(default=False)  # expert column
    open: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (UniqueConstraint("hospital_id", "code"),)


class Post(Base):
    """A doctor (or the department itself) in a department, with one kind of number and its fee.

    kind: ordinary 普通, expert 专家, disease 专病, special 特需. A post without a doctor is the
    department's own number (R-075: 专科号 against 专家号).
    """

    __tablename__ = "post"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), index=True)
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    fee_fen: Mapped[int] = mapped_column()
    open: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        UniqueConstraint("department_id", "doctor_id", "kind"),
        Index("ix_post_kind", "department_id", "kind"),
    )
