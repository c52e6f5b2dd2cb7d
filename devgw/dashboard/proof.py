"""The proof of a revocation: the next time that somebody shows the token, and is refused."""

from collections.abc import Iterable

from devgw.control.messages import TokenRow


class Proof:
    """Watches revoked tokens for their next refused use."""

    def __init__(self) -> None:
        self._watched: dict[str, int] = {}

    def expect(self, token_ids: Iterable[str], refused_so_far: Iterable[TokenRow] = ()) -> None:
        """Watch `token_ids` from now on."""
        before = {row.id: row.refused_after for row in refused_so_far}
        self._watched |= {token_id: before.get(token_id, 0) for token_id in token_ids}

    def forget(self, token_ids: Iterable[str]) -> None:
        """Stop watching, after an undo."""
        for token_id in token_ids:
            self._watched.pop(token_id, None)

    def watch(self, rows: Iterable[TokenRow]) -> list[str]:
        """Return a sentence for each watched token that was shown and refused just now; each is said once."""
        said = []
        for row in rows:
            if row.id in self._watched and row.refused_after > self._watched[row.id]:
                del self._watched[row.id]
                said.append(f"proof: {row.id} was shown again and refused")
        return said
