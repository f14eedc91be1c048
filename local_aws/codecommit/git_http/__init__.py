"""Git over HTTP: identifies the sender, checks permissions, and runs git."""
