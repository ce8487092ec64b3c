"""Asking a human, on a channel that the agent does not hold."""
