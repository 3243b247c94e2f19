"""What happens to recordings."""

from core.events.base import Event


class RecordingBegan(Event):
    kind = "recording.began"
    interaction_id: int
    recording_id: int


class RecordingEnded(Event):
    kind = "recording.ended"
    interaction_id: int
    recording_id: int


class RecordingSealed(Event):
    kind = "recording.sealed"
    interaction_id: int
    recording_id: int
    seconds: int


class RecordingMissing(Event):
    """There was no sound where there should have been."""

    kind = "recording.missing"
    interaction_id: int
    recording_id: int


class RecordingPaused(Event):
    """Silence on purpose from now on (on), or sound again."""

    kind = "recording.paused"
    interaction_id: int
    recording_id: int
    on: bool
    why: str


class RecordingErased(Event):
    kind = "recording.erased"
    interaction_id: int
    recording_id: int


class RecordingHeld(Event):
    """Legal hold: kept whatever the rule says (on), or not any more."""

    kind = "recording.held"
    interaction_id: int
    recording_id: int
    on: bool


class RecordingFaulty(Event):
    """A sealed file is not what it was. fault: core.recordings.rules.Fault; '': it is whole again."""

    kind = "recording.faulty"
    interaction_id: int
    recording_id: int
    side: str
    fault: str


class RecordingsAudited(Event):
    """The nightly look is done: files without a row; as far as known, those lost and those altered."""

    kind = "recording.audited"
    orphans: int
    lost: int
    tampered: int


class QualityScored(Event):
    kind = "quality.scored"
    interaction_id: int
    recording_id: int
    sheet_id: int
    total: int


class QualityAppealed(Event):
    kind = "quality.appealed"
    interaction_id: int
    recording_id: int
    sheet_id: int


class QualityDecided(Event):
    kind = "quality.decided"
    interaction_id: int
    recording_id: int
    sheet_id: int
    changed: bool
