"""The simulated vendor: its four APIs as one WSGI app, written from the vendor's documents alone.

It shares no code with the client of the real one, so that each can show the other's mistakes.
"""

from pecportal.sandbox.clock import Clock
from pecportal.sandbox.ledger import Sent
from pecportal.sandbox.serving import Server, serve
from pecportal.sandbox.vendor import Sandbox

__all__ = ["Clock", "Sandbox", "Sent", "Server", "serve"]
