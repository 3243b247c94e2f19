"""The voice face: dialogues, speech and the switch."""
