"""Runs on other machines than their sweep's, whatever engine brings them there."""
