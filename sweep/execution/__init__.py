"""When runs start, and the places that they are started in."""
