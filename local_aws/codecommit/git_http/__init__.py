"""Git over HTTP: who sends a request, what it may do, and git itself that answers."""
