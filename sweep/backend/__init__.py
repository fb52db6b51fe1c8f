"""Apache MXNet, and the devices that it trains on."""
