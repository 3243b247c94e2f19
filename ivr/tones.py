"""Sounds without words: the beep before a recording and the music of the queue, made by arithmetic."""

import numpy as np

from ivr.sound import RATE, Samples

# A slow round of four soft chords (C, A minor, F, G), each note in Hz.
_CHORDS = (
    (261.63, 329.63, 392.00, 523.25),
    (220.00, 261.63, 329.63, 440.00),
    (174.61, 261.63, 349.23, 440.00),
    (196.00, 246.94, 293.66, 392.00),
)
_NOTE_S = 0.8


def beep(hertz: float = 1000.0, seconds: float = 0.3) -> Samples:
    """A short even tone without a click at either end, between -1 and 1."""
    at = np.arange(int(seconds * RATE)) / RATE
    edge = np.minimum(1, np.minimum(at, seconds - at) / 0.01)
    tone: Samples = 0.4 * np.sin(2 * np.pi * hertz * at) * edge
    return tone


def music(rounds: int = 4) -> Samples:
    """Calm music for whoever waits: broken chords that ring out softly, about 13 seconds a round.

    It ends where it begins, so that it may be played over and over.
    """
    notes = [note for chord in _CHORDS for note in chord] * rounds
    step = int(_NOTE_S * RATE)
    length = step * len(notes)
    sound = np.zeros(length)
    for place, hertz in enumerate(notes):
        ring = _pluck(hertz, 3.0)
        # What still rings at the end goes round to the beginning: no seam.
        where = (place * step + np.arange(len(ring))) % length
        np.add.at(sound, where, ring)
    whole: Samples = 0.3 * sound / np.max(np.abs(sound))
    return whole


def _pluck(hertz: float, seconds: float) -> Samples:
    at = np.arange(int(seconds * RATE)) / RATE
    shape: Samples = np.minimum(1, at / 0.03) * np.exp(-at * 1.6) * np.minimum(1, (seconds - at) / 0.2)
    tone: Samples = np.sin(2 * np.pi * hertz * at) + 0.25 * np.sin(4 * np.pi * hertz * at)
    return shape * tone
