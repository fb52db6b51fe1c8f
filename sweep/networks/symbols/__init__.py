"""Networks in the files of MXNet (``…-symbol.json``), read and checked without MXNet."""
