"""The English pages."""
