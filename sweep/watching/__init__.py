"""A page on which a sweep is watched while it trains, made from the record alone."""
