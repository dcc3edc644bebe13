//go:build cuda

package chainrule_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"example.org/chainrule"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"

	"github.com/stretchr/testify/require"
)

// openGPU opens this machine's first GPU. Where it has none the test is skipped,
// or fails if the list CHAINRULE_REQUIRE names cuda.
func openGPU(t testing.TB) device.Device {
	t.Helper()
	dev, err := chainrule.Open("cuda:0")
	if err != nil && !slices.Contains(strings.Split(os.Getenv("CHAINRULE_REQUIRE"), ","), "cuda") {
		t.Skip(err)
	}
	require.NoError(t, err)
	return dev
}

// TestGPUIsHere says which GPU the other tests run on.
func TestGPUIsHere(t *testing.T) {
	require.NoError(t, openGPU(t).Close())
	devices, err := chainrule.Devices()
	require.NoError(t, err)
	require.Equal(t, "cuda:0", devices[1].Name)
	t.Log(devices[1].Detail)
}

// TestGPU holds the GPU to the contract. Its column is in the table of proof where
// somebody asked for that.
func TestGPU(t *testing.T) {
	require.NoError(t, openGPU(t).Close()) // one skip, not one for each stem
	proof := devicetest.Test(t, openGPU)
	if os.Getenv(devicetest.UpdateVariable) != "" {
		devices, err := chainrule.Devices()
		require.NoError(t, err)
		model, _, _ := strings.Cut(devices[1].Detail, ",")
		proof.Hold(t, "device/devicetest/PROOF.md", model)
	}
}

// TestGPUGolden holds the GPU, beside the CPU, to PyTorch's results: operations,
// optimizers, and trainings eager and replayed.
func TestGPUGolden(t *testing.T) {
	require.NoError(t, openGPU(t).Close())
	defer func(all []backend) { backends = all }(backends)
	backends = []backend{{"cpu", openCPU}, {"cuda:0", func(c *golden) device.Device {
		dev := openGPU(c.T)
		dev.Poison(true)
		return dev
	}}}
	TestGolden(t)
}
