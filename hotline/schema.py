"""Every table of the installation: the core's and those of the faces."""

import sms.tables  # noqa: F401 an import is all it takes to make a table known
from core.tables import metadata

__all__ = ["metadata"]
