"""What ``sweep data`` shows of images before anything trains."""
