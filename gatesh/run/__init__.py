"""Making it happen: bash itself, and what its callers may notice of us (nothing)."""
