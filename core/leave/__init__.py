"""A doctor away: close the sessions, offer each patient another slot, prove the notice."""
