package device

import "fmt"

// A DType is the type of a buffer's elements.
type DType uint8

// The element types.
const (
	Float32  DType = iota // IEEE 754 binary32: data, parameters, statistics, losses
	BFloat16              // upper half of a Float32: data in storage; sums are Float32
	Int32                 // labels, ids, counts
	Uint8                 // images as they come from a file
	numDTypes
)

var dtypes = [numDTypes]struct {
	name string
	size int
}{{"float32", 4}, {"bfloat16", 2}, {"int32", 4}, {"uint8", 1}}

// Size is the number of bytes of one element.
func (t DType) Size() int { return entry(dtypes[:], t).size }

// IsFloat reports whether t can be data.
func (t DType) IsFloat() bool { return t <= BFloat16 }

func (t DType) String() string {
	if t >= numDTypes {
		return fmt.Sprintf("DType(%d)", uint8(t))
	}
	return dtypes[t].name
}

// entry is what a table says of one of its constants; any other number is a mistake
// of the program.
func entry[E ~uint8, T any](table []T, e E) T {
	if int(e) >= len(table) {
		panic(fmt.Sprintf("device: %T has no constant %d", e, uint8(e)))
	}
	return table[e]
}
