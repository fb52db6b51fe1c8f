"""The note on a run or a sweep: a user's text, and below it what a sweep says about itself."""

MARK = "<!-- written by sweep -->"  # MLflow's pages do not show it
OF_0_1 = "    python -m sweep "  # what a sweep's own words began with before there was a mark


def with_text(note: str, text: str) -> str:
    """Return the note with this text of a user's; the sweep's own words stay."""
    return _joined(text.strip(), own_words(note))


def with_own_words(note: str, words: str) -> str:
    """Return the note with these words of the sweep's; the user's text stays."""
    return _joined(text_of(note), words)


def text_of(note: str) -> str:
    """Return what a user has written."""
    if MARK in note:
        return note.partition(MARK)[0].strip()
    return "" if note.startswith(OF_0_1) else note.strip()


def own_words(note: str) -> str:
    """Return what a sweep has written about itself."""
    if MARK in note:
        return note.partition(MARK)[2].strip("\n")
    return note if note.startswith(OF_0_1) else ""


def _joined(text: str, words: str) -> str:
    """Return both; a mark between them only where there are both."""
    return f"{text}\n\n{MARK}\n\n{words}" if text and words else text or words
