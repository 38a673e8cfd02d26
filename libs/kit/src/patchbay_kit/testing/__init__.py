"""What every member's tests share: private servers, fixtures and waiting. Never used at run time."""
