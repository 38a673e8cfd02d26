"""Long-running loops: consuming, relaying, and the life of a process."""
