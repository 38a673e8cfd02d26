"""The live feed: what screens hear of as it happens."""
