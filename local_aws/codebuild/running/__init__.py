"""One build, from its sources to its artifacts."""
