"""A sweep as one file that others open and check: written, read without trust, trained again."""
