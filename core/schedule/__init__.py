"""From weekly templates to dated sessions, periods and numbered slots."""
