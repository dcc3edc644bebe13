"""Usage: peer.py IN OUT

Reads the file IN with the safetensors library, prints its arrays as JSON,
{name: {"dtype", "shape", "values": [float64]}}, and writes those that NumPy has a type for to OUT.
"""

import json
import sys

import numpy
from safetensors import deserialize, safe_open
from safetensors.numpy import save_file

TYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "F16": "<f2", "I32": "<i4",
    "U32": "<u4", "F32": "<f4", "F64": "<f8", "I64": "<i8", "U64": "<u8",
}  # fmt: skip


def values(dtype, data):
    if dtype == "BF16":  # the upper half of a float32
        return (numpy.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    return numpy.frombuffer(data, TYPES[dtype])


source, target = sys.argv[1:]
with open(source, "rb") as file:
    entries = deserialize(file.read())
with safe_open(source, "numpy") as file:
    metadata = file.metadata()
arrays, printed = {}, {}
for name, entry in entries:
    dtype, shape = entry["dtype"], entry["shape"]
    arrays[name] = values(dtype, entry["data"]).reshape(shape)
    printed[name] = {"dtype": dtype, "shape": shape, "values": arrays[name].astype("f8").ravel().tolist()}
print(json.dumps(printed))
save_file({name: arrays[name] for name, e in entries if e["dtype"] in TYPES}, target, metadata)
