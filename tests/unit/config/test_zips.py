"""Values that belong together: the rows of a zip, and what is wrong with one."""

import pytest

from sweep.config.zips import rows_of
from sweep.errors import UserError

AS_IN = "as in sizes=zip(model.hidden=[[64],[128]],optim.lr=[0.1,0.05])"


@pytest.mark.parametrize(
    ("members", "rows"),
    [
        ("optim.lr=[0.1,0.2],seed=[3,4]", ["optim.lr=0.1 seed=3", "optim.lr=0.2 seed=4"]),
        ("a=choice(x,y), b=range(1,3)", ["a=x b=1", "a=y b=2"]),
        ("\n  a=[[1,2],[3]],\n  b=choice([4],[5,6])\n", ["a=[1,2] b=[4]", "a=[3] b=[5,6]"]),
        ("+a=['p,q','r)'],b=[1,null]", ["+a='p,q' b=1", "+a='r)' b=null"]),
        ("a=[1],b=[2],c=[true]", ["a=1 b=2 c=True"]),
        ("+a=['it\\'s, x','b'],b=[1,2]", ["+a='it\\'s, x' b=1", "+a='b' b=2"]),
    ],
)
def test_rows(members, rows):
    assert [" ".join(each) for each in rows_of(f"both=zip({members})")] == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("z=zip(a=[1,2],b=[1])", "a has 2, b has 1 values; allowed are as many for each field"),
        ("z=zip(a=[1,2])", f"has one field; allowed are two or more, {AS_IN}"),
        ("z=zip(a=[1],a=[2])", "has a twice; allowed is each once"),
        (
            "z=zip(a=1,2,b=[1])",
            f"a=1 is no list of values; allowed are lists, choices and ranges, {AS_IN}",
        ),
        (
            "z=zip([1,2],[3,4])",
            f"[1,2] sets no field; allowed are lists, one for each field, {AS_IN}",
        ),
        (
            "z=zip(a=interval(0,1),b=[1])",
            f"a=interval(0,1) is no list of values; allowed are lists, choices and ranges, {AS_IN}",
        ),
        (
            "z=zip(a=shuffle(1,2),b=[1,2])",
            "a=shuffle(1,2) is shuffled, and would not belong together",
        ),
        (
            "z=zip(a=[],b=[1])",
            f"a=[] is no list of values; allowed are lists, choices and ranges, {AS_IN}",
        ),
        ("z=zip(a=[1],b=[2]),5", f"does not end with the zip; allowed is one by itself, {AS_IN}"),
        ("z=zip(a=[1],b=[2]", f"does not end with the zip; allowed is one by itself, {AS_IN}"),
        ("z=zip(a=[1]),zip(b=[2])", "a bracket or a quote is not closed"),
        (
            "z=zip(~a=[1,2],b=[1,2])",
            f"~a=[1,2] sets no field; allowed are lists, one for each field, {AS_IN}",
        ),
        ("z=zip(a=[1,b=[2])", "a bracket or a quote is not closed"),
        ("seed=zip(a=[1],b=[2])", f"seed is a field or a group; allowed is another name, {AS_IN}"),
        ("a.b=zip(a=[1],b=[2])", f"has no name of its own; allowed is a word, {AS_IN}"),
    ],
)
def test_what_is_wrong(text, message):
    with pytest.raises(UserError) as error:
        rows_of(text)
    assert str(error.value) == f"{text}: {message}"


def test_what_hydra_cannot_read():
    with pytest.raises(UserError, match=r"z=zip\(a=\[x=\],b=\[1\]\): a=\[x=\] cannot be read: "):
        rows_of("z=zip(a=[x=],b=[1])")
