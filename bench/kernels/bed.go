package main

import (
	"math"
	"math/rand/v2"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda"
	"example.org/chainrule/device/cuda/driver/sim"
)

// A measured is a call that ran, and the kernels that it launched.
type measured struct {
	name     string
	call     device.Call
	launches []sim.Launch
}

// measure runs c on a simulated A100, whose model decides which kernels run.
func measure(c call) (measured, error) {
	m := measured{name: c.name}
	var launches []sim.Launch
	d, err := cuda.Open(sim.New(sim.Options{OnLaunch: func(l sim.Launch) { launches = append(launches, l) }}), 0, cuda.Options{})
	if err != nil {
		return m, err
	}
	d.Trace(func(call device.Call) { m.call, m.launches, launches = call, launches, nil })
	c.run(&bed{d, rand.New(rand.NewPCG(1, 2))})
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	return m, err
}

// A bed is a device that makes operands, which Close frees.
type bed struct {
	*cuda.Device
	random *rand.Rand
}

func (b *bed) alloc(t device.DType, n int) device.Buffer {
	buf, err := b.Alloc(t, n)
	if err != nil {
		panic("kernels: " + err.Error()) // every operand fits into the simulator's memory
	}
	return buf
}

func (b *bed) dst(t device.DType, n int) device.Dst { return device.To(b.alloc(t, n)) }

// data is n normally distributed numbers.
func (b *bed) data(t device.DType, n int) device.Buffer {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(b.random.NormFloat64())
	}
	buf := b.alloc(t, n)
	b.Upload(buf, v)
	return buf
}

func (b *bed) ints(v []int32) device.Buffer {
	buf := b.alloc(device.Int32, len(v))
	b.Upload(buf, v)
	return buf
}

// labels are those of the rows.
func (b *bed) labels() device.Buffer {
	v := make([]int32, rows)
	for i := range v {
		v[i] = b.random.Int32N(classes)
	}
	return b.ints(v)
}

// channel takes a result for each channel, statistics are an operand of that kind.
func (b *bed) channel() device.Dst { return b.dst(device.Float32, channels) }

func (b *bed) statistics() device.Buffer {
	s := b.channel()
	b.Fill(s, 1)
	return s.Buf
}

// control applies a step; table says that all parameters are one tensor.
func (b *bed) control() device.Buffer {
	words := make([]int32, device.ControlWords)
	words[device.ControlOK], words[device.ControlApplied] = 1, 3 // not the first, whose momentum is not read
	words[device.ControlClip] = int32(math.Float32bits(1))
	words[device.ControlRate] = int32(math.Float32bits(0.01))
	return b.ints(words)
}

func (b *bed) table() device.Buffer { return b.ints(make([]int32, 2*elements/device.RowLen)) }
