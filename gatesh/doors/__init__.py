"""How command lines arrive."""
