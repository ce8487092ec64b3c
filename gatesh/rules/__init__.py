"""The pattern files: rules, how they are loaded, and how they match facts."""
