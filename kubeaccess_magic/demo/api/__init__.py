"""The API server's own answers: who asks, what they may, objects, lists, watches, reviews, discovery."""
