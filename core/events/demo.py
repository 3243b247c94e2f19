"""What happens in the demo alone."""

from core.events.base import Event


class DemoWritten(Event):
    """The fictional province is whole."""

    kind = "demo.written"
    size: str
    slots: int
