package device

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrors(t *testing.T) {
	fault := &Fault{Op: "CrossEntropy", Index: 3, Value: 12, Limit: 10}
	require.EqualError(t, fault, "device: CrossEntropy: value 12 at index 3 is out of range: there are 10 classes (0 to 9); Device.ClearFault goes on without it")
	full := &MemoryError{Device: "cpu", Want: 100, Live: 7, Limit: 50, Holders: []Holder{{Float32, 9, 2}, {Uint8, 1, 1}}}
	require.EqualError(t, full, "device: cpu: out of memory: 100 bytes wanted, 7 in use of 50; largest: 2 x float32[9], 1 x uint8[1] (use a smaller batch)")
	require.EqualError(t, &MemoryError{Device: "cpu", Live: 7}, "device: cpu: out of memory: 7 in use (use a smaller batch)")
}
