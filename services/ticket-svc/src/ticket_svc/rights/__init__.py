"""Rights: who calls and what they may do now, who sees which ticket, and API keys."""
