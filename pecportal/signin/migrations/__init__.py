"""Migrations of signing in: the table of the shared cache."""
