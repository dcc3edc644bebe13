package devicetest

import (
	"fmt"
	"math"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// These tests plant bugs into the Reference and ask whether the suite finds
// them.

// A verdict is the suite's first complaint. It stops the stem by a panic.
type verdict string

func (v verdict) FailNow()                     { panic(v) }
func (v verdict) Helper()                      {}
func (v verdict) Errorf(f string, args ...any) { panic(verdict(fmt.Sprintf(f, args...))) }

// judge is what a stem's checks say of dev; empty for nothing.
func judge(stem stem, dev device.Device) (complaint string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case verdict:
			complaint = string(r)
		default:
			panic(r)
		}
	}()
	stem.check(newSuite(verdict(""), dev))
	return ""
}

// homes tells where each kernel is checked and how many destinations it has
// there.
func homes() (home map[string]stem, dsts map[string]int) {
	home, dsts = map[string]stem{}, map[string]int{}
	for _, stem := range stems() {
		if stem.name == "Memory" || stem.name == "Replay" || stem.name == "Training" {
			continue // they use kernels without looking at all they do
		}
		dev := Reference()
		dev.Trace(func(c device.Call) {
			if _, ok := home[c.Op]; !ok {
				home[c.Op] = stem
			}
			for k, d := range c.Dst {
				if d.Wanted() {
					dsts[c.Op] = max(dsts[c.Op], k+1)
				}
			}
		})
		stem.check(newSuite(verdict(""), dev))
	}
	return home, dsts
}

// TestCatches spoils every destination of every kernel of the contract in every
// way: the kernel's own stem must complain, by the kernel's name.
func TestCatches(t *testing.T) {
	home, dsts := homes()
	for _, op := range kernels() {
		t.Run(op, func(t *testing.T) {
			require.Contains(t, home, op, "no stem calls it")
			for k := range dsts[op] {
				for bug, spoil := range spoilers {
					require.Containsf(t, judge(home[op], spoiled(op, k, spoil)), op, "destination %d: %s went unnoticed", k, bug)
				}
			}
		})
	}
}

// spoiled is a device on which destination k of op goes wrong.
func spoiled(op string, k int, spoil spoiler) device.Device {
	dev, before := Reference(), 0
	dev.Trace(func(c device.Call) {
		if c.Op == op && c.Dst[k].Wanted() {
			spoil(c, c.Dst[k].Buf.(*refBuffer), before)
			before++
		}
	})
	return dev
}

// A spoiler spoils what call c has put into dst, or what is near it. before
// counts the calls that have been spoiled already.
type spoiler func(c device.Call, dst *refBuffer, before int)

var spoilers = map[string]spoiler{
	"a wrong sign": func(_ device.Call, dst *refBuffer, _ int) {
		for i, v := range dst.v {
			dst.v[i] = -v
		}
	},
	"a lost element": func(_ device.Call, dst *refBuffer, _ int) {
		if n := len(dst.v); n > 0 {
			dst.v[n-1] = math.Pi
		}
	},
	"a write before the start": func(_ device.Call, dst *refBuffer, _ int) {
		dst.block.v[cap(dst.block.v)-cap(dst.v)-1] = 7
	},
	"a write past the end": func(_ device.Call, dst *refBuffer, _ int) {
		n := len(dst.v)
		dst.v[:n+1][n] = 7
	},
	"other bits every time": func(_ device.Call, dst *refBuffer, before int) {
		for i, v := range dst.v {
			dst.v[i] = pick(dst.dtype.IsFloat(), v*(1+float64(before)*0x1p-50)+float64(before)*0x1p-1000, v+float64(before))
		}
	},
	"a changed source": func(c device.Call, dst *refBuffer, _ int) {
		if c.Src == [8]device.Buffer{} {
			c.Src[0] = dst // Fill has no other
		}
		for _, b := range c.Src {
			if v := values(b); len(v) > 0 {
				v[len(v)-1]++
			}
		}
	},
}
