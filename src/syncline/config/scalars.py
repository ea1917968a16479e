"""What a YAML scalar means: text, number, yes or no, nothing. YAML 1.2, so `NO` is Norway."""

from __future__ import annotations

_TAG = "tag:yaml.org,2002:"
_BASES = {"0x": 16, "0o": 8, "0b": 2}


def scalar(tag: str, text: str) -> str | int | float | bool | None:
    """The value of a scalar with this tag; ValueError for a tag that is no plain data.

    >>> scalar("tag:yaml.org,2002:int", "0x10"), scalar("tag:yaml.org,2002:bool", "true")
    (16, True)
    """
    match tag.removeprefix(_TAG):
        case "str" | "timestamp" | "value" | "merge":
            return text
        case "int":
            return _whole(text)
        case "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
        case "bool":
            return text.lower() in {"true", "yes", "on"}
        case "null":
            return None
    msg = f"the tag `{tag}` is not allowed."
    raise ValueError(msg)


def _whole(text: str) -> int:
    bare = text.replace("_", "")
    sign, digits = (bare[0], bare[1:]) if bare[0] in "+-" else ("", bare)
    base = _BASES.get(digits[:2].lower(), 10)
    return int(sign + (digits[2:] if base != 10 else digits), base)  # noqa: PLR2004  ten is the usual base
