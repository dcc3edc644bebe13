"""Usage: peer.py OURS THEIRS

Reads every file of the folder OURS with NumPy, prints the arrays as JSON,
{file: {"dtype", "shape", "values": [float64]}}, and writes each to the folder
THEIRS in every form that the format knows: FORM-file, for each of C and F order,
little and big endian, version 1.0, 2.0 and 3.0.
"""

import itertools
import json
import os
import sys

import numpy

ours, theirs = sys.argv[1:]
printed = {}
for name in os.listdir(ours):
    array = numpy.load(os.path.join(ours, name))
    printed[name] = {"dtype": array.dtype.name, "shape": array.shape, "values": array.astype("f8").ravel().tolist()}
    for order, endian, version in itertools.product("CF", "<>", (1, 2, 3)):
        form = numpy.asarray(array, dtype=array.dtype.newbyteorder(endian), order=order)
        endian_name = "little" if endian == "<" else "big"
        with open(os.path.join(theirs, f"{order}.{endian_name}.{version}-{name}"), "wb") as file:
            numpy.lib.format.write_array(file, form, (version, 0))
print(json.dumps(printed))
