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


class RecordingsAudited(Event):
    """The nightly look: files without a row, rows without a file, files that do not open."""

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
