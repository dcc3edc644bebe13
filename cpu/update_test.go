package cpu

import (
	"fmt"
	"testing"

	"example.org/chainrule/device"
)

// slabs makes a control block that applies a step, a table and n slabs of whole
// rows, some of which have no group.
func (b *bed) slabs(rows, n int) (control, table device.Buffer, slabs []device.Buffer) {
	words := make([]int32, device.ControlWords)
	words[device.ControlOK], words[device.ControlApplied] = 1, 3
	setWord(words, device.ControlClip, 0.5)
	setWord(words, device.ControlRate, 0.1)
	setWord(words, device.ControlDecay, 0.01)
	control = b.alloc(device.Int32, len(words))
	b.Upload(control, words)

	groups := make([]int32, 2*rows)
	for r := 0; r < rows; r += 10 {
		groups[2*r+1] = -1
	}
	table = b.alloc(device.Int32, len(groups))
	b.Upload(table, groups)
	for range n {
		slabs = append(slabs, b.data(device.Float32, rows*device.RowLen))
	}
	return control, table, slabs
}

func updateCases(rows int) []kernelCase {
	name := func(op string) string { return fmt.Sprintf("%s/%d", op, rows*device.RowLen) }
	return []kernelCase{
		{name("SGD"), func(b *bed) (func(), []device.Buffer) {
			control, table, s := b.slabs(rows, 2)
			return func() { b.SGD(s[0], nil, nil, s[1], control, table, device.SGD{}) }, s
		}},
		{name("SGDMomentum"), func(b *bed) (func(), []device.Buffer) {
			control, table, s := b.slabs(rows, 3)
			return func() { b.SGD(s[0], nil, s[1], s[2], control, table, device.SGD{Momentum: 0.9}) }, s
		}},
		{name("SGDMomentumLow"), func(b *bed) (func(), []device.Buffer) {
			control, table, s := b.slabs(rows, 3)
			s = append(s, b.data(device.BFloat16, rows*device.RowLen))
			return func() { b.SGD(s[0], s[3], s[1], s[2], control, table, device.SGD{Momentum: 0.9}) }, s
		}},
		{name("AdamW"), func(b *bed) (func(), []device.Buffer) {
			control, table, s := b.slabs(rows, 4)
			rule := device.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decoupled: true}
			s[2] = b.positive(device.Float32, rows*device.RowLen)
			return func() { b.Adam(s[0], nil, s[1], s[2], s[3], control, table, rule) }, s
		}},
		{name("Gate"), func(b *bed) (func(), []device.Buffer) {
			control, _, s := b.slabs(rows, 1)
			return func() { b.Gate(control, s[0], nil, device.Gate{MaxNorm: 1}) }, []device.Buffer{control}
		}},
		{name("Lerp"), func(b *bed) (func(), []device.Buffer) {
			_, _, s := b.slabs(rows, 2)
			return func() { b.Lerp(s[0], s[1], device.Lerp{T: 0.1, Scale: 1}) }, s
		}},
	}
}

func TestUpdates(t *testing.T) { testKernels(t, updateCases(1001)) }

func BenchmarkUpdates(b *testing.B) { benchKernels(b, updateCases(1<<16)) }
