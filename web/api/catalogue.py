"""What everybody may read: hospitals, departments, doctors."""

from collections.abc import Sequence

from core.catalogue import browse, browse_posts
from core.catalogue.browse_posts import PostLine
from web.api.catalogue_models import (
    Campus,
    Department,
    DepartmentLine,
    DepartmentPath,
    Departments,
    Doctor,
    DoctorLine,
    DoctorPath,
    DoctorQuery,
    Doctors,
    Hospital,
    HospitalLine,
    HospitalPath,
    HospitalQuery,
    Hospitals,
    Named,
    Post,
)
from web.api.models import Nothing
from web.api.operation import Call, Operation
from web.public.finding import MOST

ON_A_PAGE = 20
GROUP = "catalogue"


def pages_of(total: int, on_a_page: int = ON_A_PAGE) -> int:
    return max(1, -(-total // on_a_page))


async def hospitals(call: Call[Nothing, HospitalQuery, Nothing]) -> Hospitals:
    asked = call.query
    async with call.hotline.read() as db:
        regions = None
        if asked.region is not None:
            areas = (await browse.choices(db)).areas
            regions = next((one.ids for one in areas if asked.region in (one.code, one.name)), frozenset())
        ranks: dict[int, int] | None = None
        if asked.q is not None:
            hits = await call.finder.search(db, asked.q, limit=MOST)
            found = [one.id for one in hits if one.kind == "hospital"]
            ranks = {hospital_id: rank for rank, hospital_id in enumerate(found)}
        ids = await browse.hospital_ids(
            db, regions=regions, grade=asked.grade or "", kind=asked.kind or "", among=ranks
        )
        if ranks is not None:
            ids.sort(key=ranks.__getitem__)
        first = (asked.page - 1) * ON_A_PAGE
        lines = await browse.hospitals(db, ids[first : first + ON_A_PAGE])
    return Hospitals(
        items=[HospitalLine(**vars(one)) for one in lines],
        page=asked.page,
        pages=pages_of(len(ids)),
        total=len(ids),
    )


async def hospital(call: Call[HospitalPath, Nothing, Nothing]) -> Hospital:
    async with call.hotline.read() as db:
        facts = await browse.hospital(db, call.path.hospital_id)
    parent = Named(id=facts.parent[0], name=facts.parent[1]) if facts.parent else None
    return Hospital(
        **{
            **vars(facts),
            "campuses": [Campus(name=name, address=address) for name, address in facts.campuses],
            "parent": parent,
            "centres": [Named(id=key, name=name) for key, name in facts.centres],
        }
    )


async def departments(call: Call[HospitalPath, Nothing, Nothing]) -> Departments:
    async with call.hotline.read() as db:
        facts = await browse.hospital(db, call.path.hospital_id)
        lines = await browse_posts.departments(db, facts.id)
    return Departments(items=[DepartmentLine(**vars(one)) for one in lines])


async def department(call: Call[DepartmentPath, Nothing, Nothing]) -> Department:
    async with call.hotline.read() as db:
        facts = await browse_posts.department(db, call.path.department_id)
        posts = await browse_posts.posts(db, department_id=facts.id)
    return Department(
        id=facts.id,
        name=facts.name,
        where=facts.where,
        introduction=facts.introduction,
        special=facts.special,
        hospital=Named(id=facts.hospital_id, name=facts.hospital),
        posts=_posts(posts),
    )


async def doctors(call: Call[Nothing, DoctorQuery, Nothing]) -> Doctors:
    async with call.hotline.read() as db:
        hits = await call.finder.search(db, call.query.q, limit=MOST)
    found = [one for one in hits if one.kind == "doctor"]
    first = (call.query.page - 1) * ON_A_PAGE
    return Doctors(
        items=[
            DoctorLine(
                id=one.id,
                name=one.label,
                about=one.hint,
                department_id=one.department_id or 0,
                hospital_id=one.hospital_id,
            )
            for one in found[first : first + ON_A_PAGE]
        ],
        page=call.query.page,
        pages=pages_of(len(found)),
        total=len(found),
    )


async def doctor(call: Call[DoctorPath, Nothing, Nothing]) -> Doctor:
    async with call.hotline.read() as db:
        facts = await browse_posts.doctor(db, call.path.doctor_id)
        posts = await browse_posts.posts(db, doctor_id=facts.id)
    return Doctor(
        id=facts.id,
        name=facts.name,
        title=facts.title,
        speciality=facts.speciality,
        introduction=facts.introduction,
        hospital=Named(id=facts.hospital_id, name=facts.hospital),
        posts=_posts(posts),
    )


def _posts(posts: Sequence[PostLine]) -> list[Post]:
    return [
        Post(
            kind=one.kind,
            fee_fen=one.fee_fen,
            department=Named(id=one.department_id, name=one.department),
            doctor=Named(id=one.doctor_id, name=one.doctor or "") if one.doctor_id else None,
            title=one.title,
        )
        for one in posts
    ]


OPERATIONS = (
    Operation(
        "list-hospitals", "GET", "/hospitals", GROUP, "查医院：按地区、等级、类别、名称或拼音",
        "List hospitals", hospitals, Hospitals, query=HospitalQuery,
    ),
    Operation(
        "get-hospital", "GET", "/hospitals/{hospital_id}", GROUP, "看一家医院", "Get a hospital",
        hospital, Hospital, path_=HospitalPath,
    ),
    Operation(
        "list-departments", "GET", "/hospitals/{hospital_id}/departments", GROUP, "看医院开放预约的科室",
        "List the open departments of a hospital", departments, Departments, path_=HospitalPath,
    ),
    Operation(
        "get-department", "GET", "/departments/{department_id}", GROUP, "看一个科室和它的号别、挂号费",
        "Get a department with its posts and fees", department, Department, path_=DepartmentPath,
    ),
    Operation(
        "search-doctors", "GET", "/doctors", GROUP, "按姓名、拼音或首字母找医生", "Search doctors",
        doctors, Doctors, query=DoctorQuery,
    ),
    Operation(
        "get-doctor", "GET", "/doctors/{doctor_id}", GROUP, "看一位医生", "Get a doctor",
        doctor, Doctor, path_=DoctorPath,
    ),
)  # fmt: skip
