"""Recordings of calls: begun before the sound, sealed at rest, erased by rule, scored by inspectors."""
