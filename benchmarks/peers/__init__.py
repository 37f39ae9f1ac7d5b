"""What a user would pick today, each in a process of its own that measures when it is told."""
