"""The web server's entry point."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from pecportal import collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pecportal.settings")
application = get_wsgi_application()
len(get_resolver().url_patterns)  # loads all views now, before the first request
collector.spare()
