"""Vendure, a web shop: customers, products, variants and orders through its GraphQL API for administrators."""

from syncline.connectors.systems.vendure.spec import SPEC

__all__ = ["SPEC"]
