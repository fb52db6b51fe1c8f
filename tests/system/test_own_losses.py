"""A loss of a user's own, from the command to the record and back."""

from workplace import Workplace

LOSS = """from mxnet import gluon

from my_parts import SCALE


class Scaled(gluon.loss.Loss):
    def __init__(self, factor):
        super().__init__(weight=None, batch_axis=0)
        self.factor = factor * SCALE

    def hybrid_forward(self, F, pred, label):
        return -F.pick(F.log_softmax(pred, axis=1), label, axis=1) * self.factor
"""
FILE = """_target_: my_losses.Scaled
factor: 3.0
"""


def test_a_sweep_trains_by_it_and_its_record_has_all_that_is_needed_to_do_it_again(tmp_path):
    place = Workplace(tmp_path)
    (tmp_path / "my_losses.py").write_text(LOSS)
    (tmp_path / "my_parts.py").write_text("SCALE = 1.0\n")
    (tmp_path / "my_conf" / "loss").mkdir(parents=True)
    (tmp_path / "my_conf" / "loss" / "scaled.yaml").write_text(FILE)
    given = ("--config-dir", "my_conf", "loss=scaled", "loss.factor=1,2", "model=linear")
    place.run(*given, "epochs=1", "figures=false", "context=cpu", "--multirun")
    runs = place.runs("sweep")[1]
    assert {run.data.params["loss.factor"] for run in runs} == {"1", "2"}
    assert len({run.data.params["loss._source_"] for run in runs}) == 1
    (tmp_path / "my_parts.py").write_text("raise RuntimeError('the files of today')\n")
    lines = place.run("reproduce", runs[0].info.run_id)
    assert lines[-1] == "Parameters: identical"
