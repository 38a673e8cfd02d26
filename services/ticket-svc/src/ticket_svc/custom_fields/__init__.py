"""Fields that a desk adds to its records."""
