"""Trials on many machines, on Ray: the connection, what goes over, and what comes back."""
