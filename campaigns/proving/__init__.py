"""Proving: evidence, reports, retention."""
