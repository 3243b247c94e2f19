"""What the hotline and its hospitals tell everybody: announcements."""
