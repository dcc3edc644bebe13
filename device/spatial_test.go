package device

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWindowOut compares the closed form with a count of the places.
func TestWindowOut(t *testing.T) {
	for n := range 9 {
		for kernel := 1; kernel <= 4; kernel++ {
			for stride := 1; stride <= 3; stride++ {
				for dilation := 1; dilation <= 3; dilation++ {
					for pad := range 3 {
						want := 0
						for at := -pad; at+dilation*(kernel-1) < n+1; at += stride {
							want++
						}
						w := Window{KH: kernel, KW: 1, StrideH: stride, StrideW: 1, DilationH: dilation, DilationW: 1, Top: pad, Bottom: 1}
						oh, ow := w.Out(n, 5)
						require.Equal(t, want, oh, "%+v on %d rows", w, n)
						require.Equal(t, 5, ow)
					}
				}
			}
		}
	}
}

func TestPoolOut(t *testing.T) {
	h, w := Pool{H: 7, W: 9, Adaptive: true, OH: 3, OW: 1}.Out()
	require.Equal(t, [2]int{3, 1}, [2]int{h, w})
	h, w = Pool{H: 7, W: 9, Window: Window{KH: 2, KW: 2, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1}}.Out()
	require.Equal(t, [2]int{3, 4}, [2]int{h, w})
}

// TestFLOPs counts multiplications and additions, padding counted.
func TestFLOPs(t *testing.T) {
	require.EqualValues(t, 2*3*4*5*6, MatMul{Batch: 3, M: 4, N: 5, K: 6}.FLOPs())
	conv := Conv2D{N: 2, H: 4, W: 4, C: 6, K: 8, Groups: 2, Window: Window{KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1}}
	require.EqualValues(t, 2*(2*4*4*8)*(3*3*3), conv.FLOPs())
}
