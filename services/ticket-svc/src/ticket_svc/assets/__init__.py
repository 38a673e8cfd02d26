"""Assets: the computers and devices of accounts."""
