"""Who may log in and do what."""
