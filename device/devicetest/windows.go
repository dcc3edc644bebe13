package devicetest

import "example.org/chainrule/device"

// images are heights and widths: nothing, less than a window, and more.
var images = [...][2]int{{0, 3}, {1, 1}, {2, 5}, {5, 4}, {7, 7}, {8, 9}, {13, 6}}

// windows have every size, stride, dilation and padding of the usual networks,
// and lopsided ones.
var windows = [...]device.Window{
	{KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1},
	{KH: 1, KW: 1, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1},
	{KH: 2, KW: 2, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1},
	{KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1},
	{KH: 3, KW: 3, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1},
	{KH: 3, KW: 3, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Bottom: 1, Right: 1},
	{KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 2, DilationW: 2, Top: 2, Bottom: 2, Left: 2, Right: 2},
	{KH: 5, KW: 5, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 2, Bottom: 2, Left: 2, Right: 2},
	{KH: 5, KW: 5, StrideH: 3, StrideW: 3, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1},
	{KH: 1, KW: 5, StrideH: 1, StrideW: 2, DilationH: 1, DilationW: 1, Left: 2, Right: 1},
	{KH: 3, KW: 2, StrideH: 2, StrideW: 1, DilationH: 1, DilationW: 2, Top: 1, Bottom: 2, Left: 3},
	{KH: 2, KW: 3, StrideH: 3, StrideW: 2, DilationH: 2, DilationW: 1, Top: 4, Bottom: 0, Left: 0, Right: 5},
}

// missing have windows that meet nothing of the image, pixels that no window meets,
// or no windows at all.
var missing = [...]struct {
	h, w int
	device.Window
}{
	{2, 3, device.Window{KH: 2, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 3, Bottom: 3, Left: 3, Right: 3}}, // some in padding
	{5, 1, device.Window{KH: 3, KW: 1, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, Bottom: 6, Right: 5}},                  // beyond the end
	{1, 1, device.Window{KH: 3, KW: 3, StrideH: 4, StrideW: 4, DilationH: 1, DilationW: 1, Top: 3, Bottom: 5, Left: 3, Right: 5}}, // all in padding
	{2, 2, device.Window{KH: 2, KW: 2, StrideH: 1, StrideW: 1, DilationH: 4, DilationW: 4, Top: 2, Bottom: 2, Left: 2, Right: 2}}, // over all of it
	{4, 3, device.Window{KH: 3, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 5, Top: 1, Left: 2, Right: 3}},            // over its width
	{9, 7, device.Window{KH: 1, KW: 1, StrideH: 4, StrideW: 3, DilationH: 1, DilationW: 1}},                                       // strides wider than
	{8, 9, device.Window{KH: 2, KW: 2, StrideH: 5, StrideW: 6, DilationH: 1, DilationW: 1, Top: 1}},                               // the window
	{7, 6, device.Window{KH: 3, KW: 3, StrideH: 2, StrideW: 2, DilationH: 2, DilationW: 2, Top: 2, Left: 1, Right: 1}},            // every other place
	{7, 9, device.Window{KH: 2, KW: 3, StrideH: 6, StrideW: 4, DilationH: 4, DilationW: 2, Left: 3, Right: 1}},                    // and fewer
	{0, 4, device.Window{KH: 1, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Right: 1}},          // no lines but padding
	{2, 2, device.Window{KH: 3, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}},                                       // no windows
}
