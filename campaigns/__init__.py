"""Campaigns: a list and a letter become certified messages, followed to their receipts."""
