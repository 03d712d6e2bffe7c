"""What a server needs: alerts, backups, and the state of a workspace."""

# Bytes of free disk that a build needs.
LEAST_FREE = 2 << 30
# The jobs of a night.
JOBS = ("receive", "rebuild")
