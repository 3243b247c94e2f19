"""Who is it for? Known numbers confirm by the last four of the identity number, others key it in."""

from core.errors import IdentityInvalid, IdentityLocked, PersonUnknown
from core.people import engine as people
from core.people.naming import surname_of
from core.people.tables import Person
from core.values import IdentityKind, identity
from ivr.call import END, PERSON, NeedsPerson, Prompt
from ivr.choosing import pick
from ivr.line import Line
from ivr.words import Person as Called

TRIES = 2


def politely(person: Person) -> Called:
    """The surname with 先生 or 女士: the line tells no stranger a whole name."""
    title = {"male": "先生", "female": "女士"}.get(person.sex or "", "")
    manner = {"先生": " xian1 sheng5", "女士": " nv3 shi4", "": ""}[title]
    surname = surname_of(person.name)
    syllables = person.pinyin.split()
    known = len(syllables) == len(person.name)
    return Called(surname + title, " ".join(syllables[: len(surname)]) + manner if known else None)


async def patient(line: Line) -> Person:
    """The person whom this call is about, confirmed. Raises NeedsPerson when that does not work."""
    if line.person is not None:
        return line.person
    confirmed = [person for person in await line.family() if person.identity_tail_print is not None]
    chosen: Person | None = None
    if len(confirmed) == 1:
        chosen = confirmed[0]
    elif confirmed:
        chosen = await pick(
            line.call,
            Prompt("who-is-it"),
            confirmed,
            lambda person, key: Prompt("option", {"name": politely(person), "key": key}),
        )
    return await _by_tail(line, chosen) if chosen is not None else await _by_number(line)


async def _by_tail(line: Line, person: Person) -> Person:
    """The last four, the X by a star; # alone: it is for somebody else."""
    question: tuple[Prompt, ...] = (Prompt("ask-tail", {"name": politely(person)}),)
    for _ in range(TRIES):
        keys = await line.call.ask(*question, digits=4, secret=True, star=True, leading_zero=True)
        if keys == PERSON:
            raise NeedsPerson("asked")
        if keys == END:
            return await _by_number(line)
        try:
            found = await people.identify(
                line.hotline,
                line.actor,
                phone=line.number,
                person_id=person.id,
                tail=keys.replace("*", "X"),
                interaction_id=line.interaction_id,
            )
        except IdentityLocked as locked:
            raise await _locked(line, locked) from None
        except IdentityInvalid:
            question = (Prompt("tail-wrong"),)
            continue
        line.known_as(found, "tail")
        return found
    raise NeedsPerson("tail-wrong")


async def _by_number(line: Line) -> Person:
    """The whole identity number; a number that nobody has is for a person to register."""
    question = Prompt("ask-id")
    for _ in range(TRIES):
        keys = await line.call.ask(question, digits=18, secret=True, star=True)
        if keys == PERSON:
            raise NeedsPerson("asked")
        try:
            number = identity(IdentityKind.RESIDENT, keys.replace("*", "X"), demo=line.hotline.demo)
            found = await people.identify(
                line.hotline,
                line.actor,
                phone=line.number,
                identity=number,
                interaction_id=line.interaction_id,
            )
        except IdentityInvalid:
            question = Prompt("id-wrong")
            continue
        except IdentityLocked as locked:
            raise await _locked(line, locked) from None
        except PersonUnknown:
            await line.call.say(Prompt("id-unknown"))
            raise NeedsPerson("unregistered") from None
        line.known_as(found, "identity")
        return found
    raise NeedsPerson("id-wrong")


async def prove(line: Line, person_id: int, by: str = "serial") -> Person:
    """Whoever asks about an appointment, or goes on with a booking, knows its patient's last four.

    by: how the contact is known then. No name is told before.
    """
    question = Prompt("ask-tail-plain")
    for _ in range(TRIES):
        keys = await line.call.ask(question, digits=4, secret=True, star=True, leading_zero=True)
        if keys == PERSON:
            raise NeedsPerson("asked")
        try:
            found = await people.identify(
                line.hotline,
                line.actor,
                phone=line.number,
                person_id=person_id,
                tail=keys.replace("*", "X"),
                interaction_id=line.interaction_id,
            )
        except IdentityLocked as locked:
            raise await _locked(line, locked) from None
        except IdentityInvalid:
            question = Prompt("tail-wrong")
            continue
        line.known_as(found, by)
        return found
    raise NeedsPerson("tail-wrong")


async def _locked(line: Line, locked: IdentityLocked) -> NeedsPerson:
    await line.call.say(Prompt(f"refusal-{locked.code}"))
    return NeedsPerson("identity-locked")
