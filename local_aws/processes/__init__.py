"""Processes that run a user's code, and what they leave behind."""
