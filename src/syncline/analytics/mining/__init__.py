"""What the data show that nobody asked for: changes, seasons, outliers and causes of lateness, ranked by money.

Each detector tests many things and gives a p-value for each; `findings.mine` controls the share of false discoveries
over all of them together, ranks what is left by money and novelty, and says so when there is nothing.
"""
