package sim_test

import (
	"testing"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/drivertest"
	"example.org/chainrule/device/cuda/driver/sim"
)

func TestDriver(t *testing.T) {
	drivertest.Test(t, func(testing.TB) driver.Driver { return sim.New(sim.Options{}) })
}
