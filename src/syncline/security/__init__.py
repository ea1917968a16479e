"""What keeps credentials and addresses safe: where secrets are kept, and how they never show."""

from __future__ import annotations

from syncline.security.encrypted import EncryptedSecrets
from syncline.security.redaction import redact
from syncline.security.secret import Secret, masked, revealed
from syncline.security.secrets import ChainedSecrets, EnvSecrets, FileSecrets, SecretPlace

__all__ = [
    "ChainedSecrets",
    "EncryptedSecrets",
    "EnvSecrets",
    "FileSecrets",
    "Secret",
    "SecretPlace",
    "masked",
    "redact",
    "revealed",
]
