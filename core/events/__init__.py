"""What can happen, in the past tense; the journal holds these and nothing else.

Events carry ids, codes and plain values, never a name, a phone or an identity number: whoever
shows one loads the rest, and sees it as it is now.
"""

# ruff: noqa: F403 the rooms of one house: whoever names an event need not know in which it lives
from core.events.accounts import *
from core.events.base import *
from core.events.booking import *
from core.events.calling import *
from core.events.contact import *
from core.events.credit import *
from core.events.demo import *
from core.events.drafts import *
from core.events.handing import *
from core.events.leave import *
from core.events.mine import *
from core.events.money import *
from core.events.offers import *
from core.events.partners import *
from core.events.people import *
from core.events.recordings import *
from core.events.release import *
from core.events.reminding import *
from core.events.schedule import *
from core.events.site import *
from core.events.staff import *
from core.events.surveys import *
from core.events.texts import *
from core.events.waiting import *
from core.events.wording import *
