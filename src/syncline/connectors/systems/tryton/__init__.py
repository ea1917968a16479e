"""Tryton, an ERP: parties, products and sales through its JSON-RPC."""

from syncline.connectors.systems.tryton.spec import SPEC

__all__ = ["SPEC"]
