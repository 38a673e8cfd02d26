"""One action on many records, with a result for each."""
