"""Recorders of the embedded snapshot; see ``README.md`` in this folder."""
