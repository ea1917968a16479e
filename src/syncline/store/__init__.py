"""Keeps the hub's state: on SQLite when embedded, on PostgreSQL when a server has one already."""

from syncline.store.opening import open_store

__all__ = ["open_store"]
