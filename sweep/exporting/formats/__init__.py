"""The formats that networks are exported to, a module for each."""
