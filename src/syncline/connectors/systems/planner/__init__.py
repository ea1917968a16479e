"""The planner: what analyses conclude, as records of a system of its own: they reach the others by agreement alone."""

from syncline.connectors.systems.planner.spec import SPEC

__all__ = ["SPEC"]
