"""Template tags of mailboxes."""
