"""The lists of the Links Manager: the catalogue joined with the links."""
