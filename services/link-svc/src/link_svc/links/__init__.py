"""Links between remote records and ours: sites, devices and tickets."""
