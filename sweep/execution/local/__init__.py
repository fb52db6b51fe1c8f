"""Runs in fresh processes of this machine."""
