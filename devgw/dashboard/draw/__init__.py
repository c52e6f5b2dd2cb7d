"""The picture: the desk in, boxes of finished lines out. Pure, so that a test can look at it without a terminal."""
