"""Pure decisions about data quality: rules over columns, patterns without backtracking, profiles, and the figures.

Nothing here reads a clock, a file or a store: `engine` brings the values and the instants.
"""
