"""What training makes small: a module for each loss, which registers itself."""
