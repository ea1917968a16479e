"""Keeps the hub's state: on SQLite when embedded, on PostgreSQL when a server has one already."""

from syncline.store.opening import open_inbox, open_store

__all__ = ["open_inbox", "open_store"]
