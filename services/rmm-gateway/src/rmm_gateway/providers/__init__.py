"""Remote systems behind one port; a provider is a folder."""
