"""The person's own terminal around an agent: an inner terminal, the relay between them, the card over it."""
