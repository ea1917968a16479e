"""Syncline keeps a CRM in agreement with the systems that make and deliver.

This page imports nothing, so that `syncline --help` stays quick.
"""

__version__ = "0.1.0"
