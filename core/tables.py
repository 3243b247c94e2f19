"""Every table of the house, in one import: for the migrations and for tests."""

# ruff: noqa: F401 an import is all it takes to make a table known
import core.accounts.tables
import core.booking.tables
import core.calling.tables
import core.catalogue.tables
import core.contact.agent_tables
import core.contact.kept_tables
import core.contact.tables
import core.credit.tables
import core.journal
import core.leave.tables
import core.money.tables
import core.offers.tables
import core.outbox_table
import core.partners.tables
import core.people.tables
import core.recordings.tables
import core.release.tables
import core.reminding.tables
import core.schedule.tables
import core.site.tables
import core.staff.tables
import core.survey.tables
import core.waiting.tables
import core.wording.tables
from core.database import Base

metadata = Base.metadata
