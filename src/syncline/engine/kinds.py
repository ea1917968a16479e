"""Kinds of documents that one step of the engine leaves for another, by stream."""

from __future__ import annotations

from syncline.model.state import Stream

UNPLACED = "unplaced "


def unfamiliar(stream: Stream) -> str:
    """The kind of the document that says that this stream is read from another resource, not looked at as a whole yet.

    What it does not show may never have been in it, and is not taken for deleted.
    """
    return f"unfamiliar {stream.system} {stream.entity}"


def unplaced(stream: Stream) -> str:
    """The kind of document that keeps, by key, what records of this stream would be matched by that nobody has yet."""
    return f"{UNPLACED}{stream.system} {stream.entity}"


def moved(stream: Stream) -> str:
    """The kind of document that names parents whose record has a new key, which this stream is not told of yet."""
    return f"moved {stream.system} {stream.entity}"


def mistaken(stream: Stream) -> str:
    """The kind of document that names deleted parents whose key is another record's, with when they died.

    What this stream has referred to them since means that other record, and is read once more.
    """
    return f"mistaken {stream.system} {stream.entity}"


def tags(entity: str, block: int) -> str:
    """The kind of document that holds the tags of processes that reserved eids of a block, by their first eid."""
    return f"tags {entity} {block}"


def former(stream: Stream) -> str:
    """The kind of the document that says that this stream has tombs or aliases."""
    return f"former {stream.system} {stream.entity}"


def remade(stream: Stream) -> str:
    """The kind of document that counts how often an entity lost its record in this stream, by eid."""
    return f"remade {stream.system} {stream.entity}"
