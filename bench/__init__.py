"""`make bench`: how fast we are, as a ratio to hand-written floors measured in the same run."""
