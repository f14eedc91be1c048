"""Executions: `plan` and `control` decide, `engine` runs, `changes` writes what happened."""
