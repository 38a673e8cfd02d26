"""notifier: tells people about tickets."""
