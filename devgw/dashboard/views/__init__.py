"""What each view shows: one file per view with its columns, filter vocabulary and detail tabs. Pure functions."""
