"""The networks, and what is known about each before it is built."""
