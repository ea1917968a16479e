"""From agreed data to decisions: what customers will want, what to buy, make and promise, and what to say to whom.

Functions are pure, from tables to tables (`analytics.tables`): no clock, no file, no store. What is true "now" is an
argument. Everything that they tell the other systems goes through agreement, as fields that the system `planner` owns.
"""
