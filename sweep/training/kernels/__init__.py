"""What MXNet's optimisers lack: updates that repeat to the bit, are faster, or are not there."""
