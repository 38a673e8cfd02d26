"""What the members' tests share: private servers, fixtures and waiting. Not for run time."""
