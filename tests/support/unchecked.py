"""Releases of data folders that are too small to pass the checks."""

from assets import stages
from assets.core.workspace import Workspace
from assets.publish import release


def publish_unchecked(workspace: Workspace) -> release.Published:
    """Publish the present tables without running their checks."""
    return release.publish(workspace, stages.tables(workspace), {})
