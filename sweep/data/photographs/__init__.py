"""Digits found in photographs, and brought into the form of a dataset's images."""
