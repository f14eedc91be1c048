"""The operations of the API, in groups."""
