"""The document of a pipeline: its typed form, what it may contain, its variables and triggers."""
