"""The waiting list that fills itself: a freed slot goes to the first whom it fits."""
