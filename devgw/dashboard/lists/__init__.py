"""Rows as they arrive, and as they are looked at: filtered, sorted, with a cursor that is an identity, not an index."""
