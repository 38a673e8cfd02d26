"""The customers' side: how contacts get in, and what they see and do."""
