"""The modules that every logged model carries with it; they import nothing else of this package."""
