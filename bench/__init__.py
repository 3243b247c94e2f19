"""Speed, printed beside a limit that is measured in the same run; nothing here is a test."""
