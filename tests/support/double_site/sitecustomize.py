"""Sends the requests of a process to a running double. Python imports this module when the process starts.

``DOUBLE_PORTS`` in the environment has the port of each host as JSON.
"""

import json
import os

if "DOUBLE_PORTS" in os.environ:
    from sources import catalogue
    from tests.support.publishers.eurostat import Eurostat
    from tests.support.publishers.server import World
    from tests.support.publishers.world import Publishers, redirected_catalogue

    _double = Publishers(World({}, ports=json.loads(os.environ["DOUBLE_PORTS"])), Eurostat())
    _entries = redirected_catalogue(_double, catalogue.publishers())
    catalogue.publishers = lambda: _entries  # type: ignore[assignment]
