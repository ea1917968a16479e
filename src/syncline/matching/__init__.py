"""Pure decisions about which record is which entity: exact keys, blocking, scores, and when to ask a person."""

from __future__ import annotations

from syncline.matching.decisions import Decision, Outcome, Pair, assign, decide
from syncline.matching.keys import block_keys, match_key
from syncline.matching.scores import Part, Score, score

__all__ = ["Decision", "Outcome", "Pair", "Part", "Score", "assign", "block_keys", "decide", "match_key", "score"]
