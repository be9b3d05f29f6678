"""The door for programs to mailboxes."""
