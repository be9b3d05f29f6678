"""Preparing: a draft's sender, recipients, text and attachments, and what the letter will look like."""
