"""The user's own images: what all their formats share, and how they are split."""
