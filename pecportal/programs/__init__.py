"""Programs that work for an organisation, and their keys."""
