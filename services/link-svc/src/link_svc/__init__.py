"""link-svc: the remote catalogue and the links between remote records and ours."""
