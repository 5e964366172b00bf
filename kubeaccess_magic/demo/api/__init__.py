"""What the API server answers itself: authentication, authorization, objects, lists, watches, reviews, discovery."""
