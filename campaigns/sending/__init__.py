"""Sending: launch, claims, the pump, what an answer means, and what a crash leaves behind."""
