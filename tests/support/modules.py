"""Networks as people wrote them for the Module API of MXNet 1.0 to 1.8, trained and saved by it."""

import os

import numpy as np

from sweep.backend.mxnet import mx

IMAGES = 24
BATCH = 8
CLASSES = 5
SHAPE = (3, 12, 12)


def two_layers():
    """Two fully connected layers."""
    data = mx.sym.flatten(mx.sym.var("data"))
    first = mx.sym.FullyConnected(data, num_hidden=16, name="fc1")
    act1 = mx.sym.Activation(first, act_type="relu", name="relu1")
    second = mx.sym.FullyConnected(act1, num_hidden=CLASSES, name="fc2")
    return mx.sym.SoftmaxOutput(second, name="softmax")


def body():
    """A convolutional block with batch normalisation, and the values after it."""
    data = mx.sym.Variable("data")
    conv = mx.sym.Convolution(data, kernel=(3, 3), pad=(1, 1), num_filter=6, name="conv1")
    norm = mx.sym.BatchNorm(conv, fix_gamma=False, name="bn1")
    act1 = mx.sym.Activation(norm, act_type="relu", name="relu1")
    pool = mx.sym.Pooling(act1, kernel=(2, 2), stride=(2, 2), pool_type="max", name="pool1")
    fixed = mx.sym.BatchNorm(pool, name="bn2")  # whose gamma is 1, as it is unless one says so
    return mx.sym.Dropout(mx.sym.Flatten(fixed), p=0.2)


def convolutional():
    """The block, and a layer for classes."""
    scores = mx.sym.FullyConnected(body(), num_hidden=CLASSES, name="fc1")
    return mx.sym.SoftmaxOutput(data=scores, name="softmax")


def group():
    """Two outputs: classes, and two numbers."""
    shared = body()
    scores = mx.sym.FullyConnected(shared, num_hidden=CLASSES, name="fc1")
    numbers = mx.sym.FullyConnected(shared, num_hidden=2, name="fc2")
    classes = mx.sym.SoftmaxOutput(scores, name="softmax")
    return mx.sym.Group([classes, mx.sym.LinearRegressionOutput(numbers, name="lin")])


def many_operators():
    """A network of many operators, which ends in a layer."""
    s = mx.sym
    data = s.Pad(s.var("data"), mode="edge", pad_width=(0, 0, 0, 0, 1, 1, 1, 1))
    found = s.Convolution(data, kernel=(3, 3), num_filter=8, num_group=1, name="conv1")
    found = s.LeakyReLU(s.LRN(found, nsize=3), act_type="prelu", name="prelu1")
    parts = s.SliceChannel(found, num_outputs=2)
    found = s.Concat(s.InstanceNorm(parts[0], name="norm1"), s.clip(parts[1], 0, 6), dim=1)
    up = s.UpSampling(
        s.Pooling(found, kernel=(2, 2), stride=(2, 2)), scale=2, sample_type="nearest"
    )
    found = s.Deconvolution(found + up, kernel=(2, 2), stride=(2, 2), num_filter=4, name="deconv1")
    found = s.BatchNorm(s.slice_axis(found, axis=2, begin=0, end=12), name="bn1")
    found = s.transpose(s.reshape(found, shape=(0, 0, -1)), axes=(0, 2, 1))
    found = s.LayerNorm(s.expand_dims(s.mean(found, axis=1), axis=1), name="norm2")
    found = s.broadcast_mul(s.squeeze(found, axis=1), s.var("scale", shape=(1, 4)))
    return s.FullyConnected(s.L2Normalization(found), num_hidden=CLASSES, name="fc1")


NETWORKS = {"two_layers": two_layers, "convolutional": convolutional, "group": group}
LABELS = {"group": ("softmax_label", "lin_label")}


def images():
    return np.random.RandomState(7).uniform(size=(IMAGES, *SHAPE)).astype(np.float32)


def train_and_save(name, prefix, epochs=2):
    """Fit a network, save it as a Module does, and return what it predicts, output by output."""
    random, given = np.random.RandomState(3), images()
    labels = {"softmax_label": random.randint(CLASSES, size=IMAGES).astype(np.float32)}
    if name == "group":
        labels["lin_label"] = random.normal(size=(IMAGES, 2)).astype(np.float32)
    module = mx.mod.Module(
        NETWORKS[name](), context=mx.cpu(), label_names=LABELS.get(name, ("softmax_label",))
    )
    mx.random.seed(5)
    module.fit(
        mx.io.NDArrayIter(given, labels, BATCH),
        num_epoch=epochs,
        eval_metric=mx.metric.Loss() if name == "group" else "acc",
        optimizer_params={"learning_rate": 0.05},
        initializer=mx.init.Xavier(),
    )
    module.save_checkpoint(prefix, epochs)
    return predicted(module, prefix, epochs)


def write_network(name, parent):
    """Write the two files of a network into a folder of its name; return the folder.

    It is that of a Module, or one of many operators.
    """
    folder = parent / name
    folder.mkdir()
    if name in NETWORKS:
        train_and_save(name, f"{folder}/net")
    else:
        _export(many_operators(), folder)
    return folder


def _export(symbol, folder):
    symbol.save(f"{folder}/net-symbol.json")
    arguments, _, running = symbol.infer_shape(data=(1, *SHAPE))
    shapes = dict(zip(symbol.list_arguments(), arguments, strict=True))
    means = dict(zip(symbol.list_auxiliary_states(), running, strict=True))
    arrays = {f"arg:{name}": mx.nd.ones(each) for name, each in shapes.items() if name != "data"}
    arrays |= {f"aux:{name}": mx.nd.ones(each) for name, each in means.items()}
    mx.nd.save(f"{folder}/net-0002.params", arrays)


def predicted(module, prefix, epochs):
    """Return what ``Module.predict`` answers to the images, output by output.

    MXNet from 1.7 on computes a convolution together with its normalisation when a Module only
    predicts, which changes last bits. Gluon does not, and older versions did not.
    """
    before = os.environ.get("MXNET_SUBGRAPH_BACKEND")
    os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"
    try:
        loaded = mx.mod.Module.load(prefix, epochs, label_names=None)
        # All at once, as a model of ours is given them: another number has other last bits.
        loaded.bind([("data", (IMAGES, *SHAPE))], for_training=False)
        loaded.set_params(*module.get_params())
        found = loaded.predict(mx.io.NDArrayIter(images(), None, IMAGES), always_output_list=True)
        return [each.asnumpy() for each in found]
    finally:
        del os.environ["MXNET_SUBGRAPH_BACKEND"]
        if before is not None:
            os.environ["MXNET_SUBGRAPH_BACKEND"] = before
