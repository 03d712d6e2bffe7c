"""Facts of treaty law: events by which a state consents to be bound, and the first day of younger states."""

from datetime import date

# Kinds of event by which a state consents to be bound by a treaty (Article 11 of the Vienna Convention on the Law of
# Treaties; for succession, Article 17 of the Vienna Convention on Succession of States in respect of Treaties).
CONSENT = ("ratify", "accede", "succeed", "accept", "approve", "confirm", "sign_definitively")

# The day on which a member state of today became a state, or a state again, if that was after the first treaties here.
FOUNDED = {
    "CZE": date(1993, 1, 1),
    "EST": date(1991, 8, 20),
    "HRV": date(1991, 6, 25),
    "LTU": date(1990, 3, 11),
    "LVA": date(1991, 8, 21),
    "SVK": date(1993, 1, 1),
    "SVN": date(1991, 6, 25),
}
