"""gatesh: the shell you give an AI agent."""

__version__ = "0.1.0"
