"""Listeners of the engine: what happened, as figures that others collect."""
