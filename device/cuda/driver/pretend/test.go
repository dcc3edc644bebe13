package pretend

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Test runs the TestDriver of this test binary, which calls drivertest.Test and
// drivertest.TestLibrary, with the pretend driver: as it is; as a file that is no
// library; and with calls that fail, whose errors must carry the call's name and the
// driver's sentence.
func Test(t *testing.T) {
	t.Run("no library", func(t *testing.T) {
		d := Driver(t.TempDir())
		require.NoError(t, os.WriteFile(filepath.Join(string(d), "libcuda.so.1"), []byte("no library"), 0o600))
		out, err := d.Run("^TestDriver$")
		require.Error(t, err, "%s", out)
		require.Contains(t, out, "no CUDA driver on this system: "+string(d)) // the test began: the process did not end without a driver
	})
	d := Build(t)
	t.Run("works", func(t *testing.T) {
		out, err := d.Run("^TestDriver$")
		require.NoError(t, err, "%s", out)
		require.Contains(t, out, "--- PASS: TestDriver/Graph (")
		require.Contains(t, out, "--- PASS: TestDriver/Threads (")
		require.NotContains(t, out, "SKIP")
	})
	for fail, want := range map[string]string{
		"cuInit=100":                      "driver: cuInit: CUDA_ERROR_NO_DEVICE: as pretended",
		"cuInit=803":                      "driver: cuInit: CUDA_ERROR_803: as pretended",
		"cuDeviceGetAttribute=999":        "driver: cuDeviceGetAttribute: CUDA_ERROR_UNKNOWN: as pretended",
		"cuCtxCreate_v2=2":                "driver: cuCtxCreate: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
		"cuCtxPopCurrent_v2=999":          "driver: cuCtxPopCurrent: CUDA_ERROR_UNKNOWN: as pretended",
		"cuCtxSetCurrent=4":               "driver: cuCtxSetCurrent: CUDA_ERROR_DEINITIALIZED: as pretended",
		"cuMemHostAlloc=2":                "driver: cuMemHostAlloc: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
		"cuLaunchKernel=701":              "driver: cuLaunchKernel: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: as pretended",
		"cuEventQuery=700":                "driver: cuEventQuery: CUDA_ERROR_ILLEGAL_ADDRESS: as pretended",
		"cuStreamEndCapture=901":          "driver: cuStreamEndCapture: CUDA_ERROR_STREAM_CAPTURE_INVALIDATED: as pretended",
		"cuGraphInstantiateWithFlags=999": "driver: cuGraphInstantiateWithFlags: CUDA_ERROR_UNKNOWN: as pretended",
		"cuGraphDestroy=999":              "driver: cuGraphDestroy: CUDA_ERROR_UNKNOWN: as pretended",
	} {
		t.Run(fail, func(t *testing.T) {
			out, err := d.Run("^TestDriver$", "PRETEND_FAIL="+fail)
			require.Error(t, err, "%s", out)
			require.Contains(t, out, want)
			require.NotContains(t, out, "panic:")
		})
	}
}
