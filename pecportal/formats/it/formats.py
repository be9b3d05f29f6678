"""Italian as in Django, but for instants in the console's lists: without the weekday they fit beside each other."""

DATETIME_FORMAT = "d/m/Y H:i"
