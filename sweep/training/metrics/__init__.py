"""What is measured besides the loss: a module for each metric, which registers itself."""
