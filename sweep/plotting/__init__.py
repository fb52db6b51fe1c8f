"""What the figures of runs and of reports share: matplotlib without its warnings, and colours."""
