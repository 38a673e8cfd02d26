"""The read model of links between remote records and ours, fed by link-svc."""
