// Package devicetest holds every device.Device to its contract: [Test] is the
// conformance suite, which a backend's test file calls with a constructor, and
// [Reference] is the contract's formulas in slow, obvious float64, as a Device.
//
// There is one file per op stem: the formula, its method of the Reference, and
// the cases that compare a device with it. A derivative is never written down:
// it is the difference quotient of its formula (differentiate.go). What every
// case is put through stands in check.go.
package devicetest

import (
	"math/rand/v2"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// Test holds the devices that open returns to the contract. It opens one for
// each stem and closes it. It returns what was compared.
func Test(t *testing.T, open func(testing.TB) device.Device) *Tally {
	tally := newTally()
	for _, stem := range stems() {
		t.Run(stem.name, func(t *testing.T) {
			dev := open(t)
			defer func() { require.NoError(t, dev.Close()) }()
			s := newSuite(t, dev)
			s.tally = tally
			stem.check(s)
			tally.stems++
		})
	}
	return tally
}

// stems lists the checks in the contract's order.
func stems() []stem {
	return []stem{
		{"Memory", checkMemory},
		{"Replay", checkReplay},
		{"Unary", checkUnary},
		{"Binary", checkBinary},
		{"Convert", checkConvert},
		{"Dropout", checkDropout},
		{"MatMul", checkMatMul},
		{"Reduce", checkReduce},
		{"Softmax", checkSoftmax},
		{"CrossEntropy", checkCrossEntropy},
		{"Conv2D", checkConv2D},
		{"Pool", checkPool},
		{"BatchNorm", checkBatchNorm},
		{"Permute", checkPermute},
		{"CopyBlock", checkCopyBlock},
		{"Gate", checkGate},
		{"Settle", checkSettle},
		{"SGD", checkSGD},
		{"Adam", checkAdam},
		{"Lerp", checkLerp},
		{"Training", checkTraining},
	}
}

type stem struct {
	name  string
	check func(*suite)
}

// A suite is one stem's run against one device.
type suite struct {
	failer
	dev device.Device // under test
	ref device.Device // what is right
	rng *rand.Rand

	tally *Tally
}

// A failer is what the suite needs of a *testing.T.
type failer interface {
	require.TestingT
	Helper()
}

func newSuite(t failer, dev device.Device) *suite {
	return &suite{failer: t, dev: dev, ref: Reference(), rng: rand.New(rand.NewPCG(1, 2)), tally: newTally()}
}
