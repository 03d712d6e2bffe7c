"""One module for each publisher, or for each kind of document, whose payloads the snapshot contains.

Each module has a function that takes the folder of the corpus and yields the payloads (``NewPayload``).
"""
