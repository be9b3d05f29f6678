"""The door for programs: what all resources under /api/v1/ have in common. The resources are their applications'."""
