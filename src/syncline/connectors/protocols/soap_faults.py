"""What faults of one system mean, and refusals inside of answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.connectors.protocols.soap_answer import Fault
from syncline.connectors.protocols.soap_options import Fate, Faults

#: What the codes of the standards mean: SOAP 1.1, SOAP 1.2, WS-Security.
CODES: Mapping[str, Fate] = {
    "Client": "refused",
    "Sender": "refused",
    "Server": "doubt",
    "Receiver": "doubt",
    "VersionMismatch": "setup",
    "MustUnderstand": "setup",
    "DataEncodingUnknown": "setup",
    "FailedAuthentication": "setup",
    "FailedCheck": "setup",
    "InvalidSecurity": "setup",
    "InvalidSecurityToken": "setup",
    "MessageExpired": "setup",
    "SecurityTokenUnavailable": "setup",
    "UnsupportedAlgorithm": "setup",
    "UnsupportedSecurityToken": "setup",
}


class Meaning:
    """The fates of one system."""

    def __init__(self, faults: Faults) -> None:
        self._own = faults.codes
        self._code = faults.code

    def of(self, fault: Fault) -> Fate:
        """What the fault comes to: its own code, then what tells the kind of it; nothing known is a doubt."""
        code = fault.detail.get(self._code, "") if self._code else ""
        ways: Sequence[str] = [code, *fault.codes]
        for known in (self._own, CODES):
            for way in ways:
                if way in known:
                    return known[way]
        return "doubt"

    def of_code(self, code: str) -> Fate:
        """What a code inside an answer means."""
        return self._own.get(code, "refused")


def said(fault: Fault) -> str:
    """The words, and in parentheses the code that tells most."""
    code = fault.codes[0] if fault.codes else ""
    return f"{fault.words} ({code})" if fault.words and code else fault.words or code or "no reason told"
