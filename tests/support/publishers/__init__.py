"""The publishers on loopback: a server for each of their hosts, which answers as the real service does.

The answers are written from what the services send: recorded responses, their documentation, and the requests of public
clients of 2025 and 2026. No answer is derived from the catalogue, a code map or a crosswalk, so that the double
contradicts a wrong catalogue instead of repeating it. The figures are invented; sums of parts equal their totals.

    with world() as publishers:                                 # every publisher answers
        entries = redirected_catalogue(publishers, catalogue.publishers())
        monkeypatch.setattr(catalogue, "publishers", lambda: entries)
        publishers.world.fail("api.unhcr.org", hang)            # one of them does not answer
        publishers.world.take_down("sdmx.oecd.org")             # one is down; without a host all are
        publishers.eurostat.recode("migr_resfirst", "reason", {"EDUC": "EDU"})
"""
