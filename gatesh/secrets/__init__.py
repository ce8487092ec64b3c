"""Secrets: what kind they are, where they come from, and what they were used for; never what they are.

A value that is found lives in memory alone: `Found` does not show it, and what is stored, printed or handed
on names its kind, its place and a keyed fingerprint.
"""
