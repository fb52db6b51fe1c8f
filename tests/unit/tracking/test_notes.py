from sweep.tracking.notes import own_words, text_of, with_own_words, with_text

OWN = "    python -m sweep optim.lr=0.1,0.2 --multirun\n\n2 runs: 2 FINISHED"


def test_a_users_text_and_a_sweeps_words_replace_themselves_alone():
    note = with_text(OWN, " the one for the paper\n")
    assert note.startswith("the one for the paper\n")
    assert note.endswith(OWN)
    assert (text_of(note), own_words(note)) == ("the one for the paper", OWN)
    newer = with_own_words(note, "    python -m sweep newer")
    assert text_of(newer) == "the one for the paper"
    assert own_words(newer) == "    python -m sweep newer"
    assert with_text(newer, "another").count("another") == 1
    assert with_text(newer, "") == "    python -m sweep newer"


def test_what_is_alone_is_as_it_was_written():
    assert with_own_words("", OWN) == OWN
    assert with_text("", "mine") == "mine"
    assert with_text("mine", "") == ""
    assert (text_of(OWN), own_words("mine")) == ("", "")
