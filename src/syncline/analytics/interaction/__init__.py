"""Interaction I = h(D, R): what customers are worth, what they may want next, what to tell them, and when."""
