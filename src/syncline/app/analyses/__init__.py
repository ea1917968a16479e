"""Analyses of a project: agreed data in, forecasts, plans and advice out, told to other systems by the planner alone.

The hub needs none of it to bring systems into agreement, and it needs the extras `analytics` and `planning`.
"""
