"""What happens to the words the machine says."""

from core.events.base import Event


class CommentMade(Event):
    kind = "wording.commented"
    comment_id: int
    sentence: str


class CommentSettled(Event):
    kind = "wording.settled"
    comment_id: int
    sentence: str


class CommentReopened(Event):
    kind = "wording.reopened"
    comment_id: int
    sentence: str


class ReadingCorrected(Event):
    """A hospital, department or doctor (`what`) is read otherwise from now on."""

    kind = "catalogue.reading-corrected"
    what: str
    id: int
