from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials that CodePipeline passes to a job; no field shows in a repr."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)

    def redact(self, text: str) -> str:
        """Return `text` without any of the three values."""
        for value in (self.session_token, self.secret_access_key, self.access_key_id):
            if value:
                text = text.replace(value, "[redacted]")
        return text
