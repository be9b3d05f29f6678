"""Electronic signatures in papers that strangers wrote: found, checked and told as small facts.

`facts` is what the portal knows of one; the rest runs in a process of its own (`mailboxes.signatures.reader`).
"""
