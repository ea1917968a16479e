"""Discover, refresh, merge, plan, deliver: the agreement algorithm on ports alone. Begin with `run`."""
