"""What is typed: a thin module for each command."""
