"""MXNet's operators in NumPy, a function for each."""
