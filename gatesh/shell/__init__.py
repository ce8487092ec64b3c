"""The shell language: text in, simple commands out. Pure."""
