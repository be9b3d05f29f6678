"""Mailboxes: from a free name to an active box, and through its life."""
