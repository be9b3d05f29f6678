"""Tests mirror the modules; `journeys` go from the browser to the simulated vendor and back."""
