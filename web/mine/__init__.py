"""What a patient has with us: appointments, credit, favourites and reminders."""
