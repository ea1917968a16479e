"""The whole hub on virtual time: the product's own engine and store against simulated applications, people and faults.

A seed becomes a script (what the applications are like, what people do, what fails when), a script is played, and what
was played is judged by the invariants of the algorithm. Everything repeats bit for bit.
"""
