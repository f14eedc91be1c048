"""TestState: one state alone, run or with a mock in place of its work."""
