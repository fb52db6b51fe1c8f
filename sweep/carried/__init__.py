"""The modules that logged models carry with them; they import nothing else of this package."""
