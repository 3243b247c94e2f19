"""Every table of the installation: the core's and those of the faces."""

from core.tables import metadata

__all__ = ["metadata"]
