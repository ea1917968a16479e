"""Supply R = g(C, S): what must be bought, made and promised, from the agreed data.

Pure functions; quantities are in the base unit of the product, money in the currency of the ledger, times in days.
"""
