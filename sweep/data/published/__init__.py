"""The published sets: their addresses and checksums, downloads, copies."""
