"""The operators' review queue: which answers a person looks at, what was decided, and what follows from it."""
