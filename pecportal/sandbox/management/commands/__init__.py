"""Management commands of the simulated vendor."""
