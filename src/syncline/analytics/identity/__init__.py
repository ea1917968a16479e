"""Identity: which records of the systems are one person, product or company, why, and what of each survives.

`resolve.resolve_entities` finds them, `survivorship.survivorship` makes the golden record.
"""
