from __future__ import annotations


class ReviewsError(Exception):
    """A file of reviews that cannot be prepared; the message is for the person who uploaded it."""
