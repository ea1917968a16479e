"""The composition root: from a project folder to a Hub. The only place that picks implementations."""

from syncline.app.opening import open_hub, open_project
from syncline.engine.hub import Hub

__all__ = ["Hub", "open_hub", "open_project"]
