"""Build what stands in the town always: hospitals, doctors, people, staff, calls."""

from core.accounts.tables import Account
from core.catalogue.tables import Department, Doctor, Hospital, Post, Region
from core.contact.tables import Interaction
from core.partners.tables import Partner
from core.people.tables import Person, VisitCard
from core.staff.tables import Staff
from core.values import system
from core.work import Hotline, Work
from tests.stores import town


async def found(hotline: Hotline) -> None:
    """Write it, once for each database."""
    async with hotline.work(system("builder")) as work:
        await _places(work)
        await _people(work)


async def _places(work: Work) -> None:
    work.db.add(Region(id=1, code="990100", name="青石市"))
    await work.db.flush()
    work.db.add_all(
        Hospital(
            id=one, code=f"99010000{one}", name=f"第{one}医院", short_name=f"{one}院", pinyin="yi yuan",
            initials="yy", grade="三甲", kind="general", region_id=1, state=state, created_at=work.now,
        )
        for one, state in town.HOSPITALS.items()
    )  # fmt: skip
    await work.db.flush()
    work.db.add_all(
        Department(
            id=one, hospital_id=hospital, code=f"D{one}", standard_code=code, name="科", pinyin="ke",
            initials="k", open=one != town.SHUT_DEPARTMENT,
        )
        for one, (hospital, code) in town.DEPARTMENTS.items()
    )  # fmt: skip
    work.db.add_all(
        Doctor(
            id=one, hospital_id=hospital, code=f"{one}", name="陈建国", pinyin="chen", initials="cjg",
            title="主任医师", open=one != town.SHUT_DOCTOR,
        )
        for one, hospital in town.DOCTORS.items()
    )  # fmt: skip
    await work.db.flush()
    work.db.add_all(
        Post(id=p.id, department_id=p.department, doctor_id=p.doctor, kind=p.kind, fee_fen=p.fee_fen)
        for p in town.POSTS
    )
    await work.db.flush()


async def _people(work: Work) -> None:
    seal, mark = work.sealer.seal, work.sealer.fingerprint
    work.db.add_all(
        Person(
            id=one.id, name=f"病人{one.id}", pinyin="bing ren", initials="br", sex=one.sex, birth_date=one.born,
            identity_kind=one.kind, identity_print=f"print-{one.id}" if one.kind else None,
            created_at=work.now,
        )
        for one in town.PERSONS
    )  # fmt: skip
    await work.db.flush()
    work.db.add(
        VisitCard(person_id=town.CARD_OF, hospital_id=1, card_print="card", card_sealed=seal("1", "card"))
    )
    for one in (1, 2):
        work.db.add(Staff(id=one, login=f"staff-{one}", name="王", created_at=work.now))
        work.db.add(
            Account(
                id=one, person_id=one, phone_print=mark(town.PHONES[one], "phone"),
                phone_sealed=seal(town.PHONES[one], "phone"), password="", opened_at=work.now,
            )
        )  # fmt: skip
    work.db.add(
        Partner(
            id=1, name="合作单位", key_id="partner", secret_sealed=b"", state="live", functions=[], quota=100,
            pace=100, created_at=work.now, changed_at=work.now,
        )
    )  # fmt: skip
    work.db.add_all(
        Interaction(
            id=call, linked_id=f"call-{call}", channel="phone", dnis="12320", state="menu",
            started_at=work.now,
        )
        for call in town.CALLS
    )  # fmt: skip
    await work.db.flush()
