package cpu_test

import (
	"testing"

	"example.org/chainrule/cpu"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"

	"github.com/stretchr/testify/require"
)

// TestDevice holds every level of this machine to the contract.
func TestDevice(t *testing.T) {
	for _, level := range cpu.Levels() {
		t.Run(level.String(), func(t *testing.T) {
			proof := devicetest.Test(t, func(t testing.TB) device.Device { return open(t, cpu.Options{Level: level}) })
			proof.Hold(t, "../device/devicetest/PROOF.md", "cpu "+level.String())
		})
	}
}

func TestLimit(t *testing.T) {
	devicetest.TestLimit(t, func(t testing.TB, limit int64) device.Device {
		return open(t, cpu.Options{MemoryLimit: limit})
	})
}

func open(t testing.TB, o cpu.Options) device.Device {
	dev, err := cpu.New(o)
	require.NoError(t, err)
	return dev
}
