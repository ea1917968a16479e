"""Demand, D = f(C, S): what customers will want, in units, with its uncertainty and its reasons."""
