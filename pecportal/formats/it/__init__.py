"""The Italian pages."""
