"""What the classes of an adopted network are called, in files of other programs."""

from sweep.runs.class_names import read_lines


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    file = tmp_path / "names.txt"
    file.write_bytes(b"\xef\xbb\xbfcat\r\ndog\r\n")  # as Windows' Notepad writes it
    assert read_lines(file) == ("cat", "dog")
