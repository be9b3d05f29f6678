"""The browser's door to campaigns: preparing one, starting it, watching it."""
