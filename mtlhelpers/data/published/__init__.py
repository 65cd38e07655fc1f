"""Named corpora: whose they are, where they lie, how their files are read."""
