//go:build cuda && cgo && linux && (amd64 || arm64)

package cu

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

func TestPretendDriver(t *testing.T) { pretend.Test(t) }

func BenchmarkLaunch(b *testing.B) { drivertest.BenchmarkLaunch(b, installed(b)) }
