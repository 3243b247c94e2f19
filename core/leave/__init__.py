"""A doctor's leave from its entry to its close-out: who is displaced, what is offered, how each case ends."""
