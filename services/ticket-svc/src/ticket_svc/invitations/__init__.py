"""Links by which employees and customers choose their password."""
