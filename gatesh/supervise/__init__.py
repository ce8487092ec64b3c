"""The supervisor of `gatesh run`: every program below an agent is decided on before its first instruction."""
