"""The machines people have, by taking away what this one has and theirs lack."""
