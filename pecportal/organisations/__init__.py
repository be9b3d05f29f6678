"""Organisations, their members, and the people who sign in."""
