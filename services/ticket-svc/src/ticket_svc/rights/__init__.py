"""Rights: permissions, privilege groups, API keys, and who sees which ticket."""
