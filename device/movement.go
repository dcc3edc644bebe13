package device

// Movement kernels rearrange elements. y and x have one dtype, any of the four,
// except that data may go from BFloat16 to a Float32 destination; only data can
// be added to.
type Movement interface {
	// Permute reorders axes: y's axis i is x's axis s.Axes[i].
	Permute(y Dst, x Buffer, s Permute)
	// CopyBlock sets y[r YStride + YOffset + c] = x[r XStride + XOffset + c] for
	// every row r and column c, and leaves the rest of y alone. Concatenation,
	// slices, splits and padding are made of it.
	CopyBlock(y Dst, x Buffer, s Block)
}

// A Permute reorders the axes of an array.
type Permute struct {
	Dims Dims         // extents of x
	Axes [MaxDims]int // a permutation of 0..MaxDims-1
}

// A Block is a rectangle of Rows by Cols within two larger arrays.
type Block struct {
	Rows, Cols       int
	YStride, YOffset int // elements
	XStride, XOffset int // elements
}
