"""Writes the patterns of phone numbers that need no work, from phonenumbers.

The product carries the result, so that a page of usual numbers does not wait for that library to load.
Run it when the library is renewed; a test says when that is due.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import phonenumbers
from phonenumbers import PhoneMetadata

FILE = Path(__file__).parents[1] / "src" / "syncline" / "mapping" / "converters" / "names" / "phones.json"


def main() -> None:
    """Write the file."""
    FILE.write_bytes(msgspec.json.encode(table()) + b"\n")


def table() -> dict[str, object]:
    """Per country code its pattern; per region its code, and its pattern where that is another."""
    codes = {
        str(code): _pattern(code, regions[0]) for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    }
    regions = {}
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        code = phonenumbers.country_code_for_region(region)
        own = _pattern(code, region)
        regions[region] = [str(code), "" if own == codes[str(code)] else own]
    return {"codes": codes, "regions": regions}


def _pattern(code: int, region: str) -> str:
    """National numbers that need no work: of a possible length, in the pattern, without anything to strip."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    general = metadata.general_desc
    lengths = "|".join(f".{{{length}}}" for length in general.possible_length)
    if len(general.possible_length) == general.possible_length[-1] - general.possible_length[0] + 1:
        lengths = f".{{{general.possible_length[0]},{general.possible_length[-1]}}}"
    # none of the prefixes may begin the number; most begin with the zero that is refused first
    prefixes = {metadata.national_prefix_for_parsing, metadata.international_prefix} - {None, "0", "00"}
    refused = "".join(f"(?!{prefix})" for prefix in sorted(prefixes))
    return rf"(?!0)(?=(?:{lengths})\Z){refused}(?:{general.national_number_pattern})"


if __name__ == "__main__":
    main()
