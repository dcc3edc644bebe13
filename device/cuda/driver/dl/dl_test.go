//go:build cuda && (linux || windows) && (amd64 || arm64)

package dl

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/drivertest"
	"example.org/chainrule/device/cuda/driver/pretend"
)

// installed is this machine's driver. Where it has none the test is skipped, or
// fails if the list CHAINRULE_REQUIRE names cuda.
func installed(t testing.TB) driver.Driver {
	d, err := New()
	if err != nil && !pretend.Required("cuda") {
		t.Skip(err)
	}
	require.NoError(t, err)
	return d
}

func TestDriver(t *testing.T) {
	drivertest.Test(t, installed)
	drivertest.TestLibrary(t, installed)
}

func TestMissingLibrary(t *testing.T) {
	_, err := load("no-such-library")
	require.ErrorContains(t, err, "dl: no CUDA driver on this system: ")
	require.ErrorContains(t, err, "no-such-library")
}

// A driver may be older than a function.
func TestMissingFunction(t *testing.T) {
	err := (&libcuda{}).call(cuGraphInstantiate)
	require.EqualError(t, err, "driver: cuGraphInstantiateWithFlags: CUDA_ERROR_NOT_FOUND: this CUDA driver is too old to have it")
}

func BenchmarkLaunch(b *testing.B) { drivertest.BenchmarkLaunch(b, installed(b)) }
