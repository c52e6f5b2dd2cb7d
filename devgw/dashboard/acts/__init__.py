"""What keys do: functions of the desk, one file per intention; a `why_…` says why a key does nothing now."""
