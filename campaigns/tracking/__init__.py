"""Tracking: inboxes read, receipts given to their messages, every message judged by what they prove."""
