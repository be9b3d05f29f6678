"""The journal: who did what, in a chain that shows any later change."""
