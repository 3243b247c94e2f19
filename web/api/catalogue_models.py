"""What is asked and answered about hospitals, departments and doctors."""

from typing import Literal

from web.api.models import Answer, Asked, Fen, IdInAddress, Page, Words

Kind = Literal["general", "tcm", "women-children", "specialist", "community"]


class HospitalPath(Asked):
    hospital_id: IdInAddress


class DepartmentPath(Asked):
    department_id: IdInAddress


class DoctorPath(Asked):
    doctor_id: IdInAddress


class HospitalQuery(Asked):
    q: Words | None = None
    region: Words | None = None
    grade: Words | None = None
    kind: Kind | None = None
    page: Page = 1


class DoctorQuery(Asked):
    q: Words
    page: Page = 1


class Paged(Answer):
    """page: from 1. total: of all pages."""

    page: int
    pages: int
    total: int


class HospitalLine(Answer):
    id: int
    name: str
    short_name: str
    grade: str
    kind: str
    region: str
    address: str
    phone: str
    departments: int


class Hospitals(Paged):
    items: list[HospitalLine]


class Campus(Answer):
    name: str
    address: str


class Named(Answer):
    id: int
    name: str


class Hospital(Answer):
    id: int
    name: str
    short_name: str
    grade: str
    kind: str
    region: str
    address: str
    phone: str
    website: str
    introduction: str
    campuses: list[Campus]
    parent: Named | None
    centres: list[Named]


class DepartmentLine(Answer):
    id: int
    name: str
    where: str
    special: bool


class Departments(Answer):
    items: list[DepartmentLine]


class Post(Answer):
    """Who can be booked as what. doctor: null for the department's own number."""

    kind: str
    fee_fen: Fen
    department: Named
    doctor: Named | None
    title: str | None


class Department(Answer):
    id: int
    name: str
    where: str
    introduction: str
    special: bool
    hospital: Named
    posts: list[Post]


class DoctorLine(Answer):
    """about: title, hospital and department. One who sees patients in two departments stands here twice."""

    id: int
    name: str
    about: str
    department_id: int
    hospital_id: int


class Doctors(Paged):
    items: list[DoctorLine]


class Doctor(Answer):
    id: int
    name: str
    title: str
    speciality: str
    introduction: str
    hospital: Named
    posts: list[Post]
