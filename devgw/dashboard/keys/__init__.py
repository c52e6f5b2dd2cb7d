"""One key map: dispatch, key bar, help and palette are made from it; and the line editor under every prompt."""
