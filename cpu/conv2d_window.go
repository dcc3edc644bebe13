package cpu

import "example.org/chainrule/device"

// A sweep is the way of a window over an image: the positions it takes, and
// where its taps are then.
type sweep struct {
	height, width    int   // positions
	strideH, strideW int   // pixels from position to position
	dh, dw           []int // pixels from a position to the taps; ascending
}

// sweepOf is the way of the window of s.
func sweepOf(s device.Conv2D) sweep {
	w := sweep{strideH: s.StrideH, strideW: s.StrideW}
	w.height, w.width = s.Out()
	for h := range s.KH {
		w.dh = append(w.dh, h*s.DilationH-s.Top)
	}
	for c := range s.KW {
		w.dw = append(w.dw, c*s.DilationW-s.Left)
	}
	return w
}

// lines is how many lines of an image n lines of positions meet.
func (w *sweep) lines(n int) int { return extent(n, w.strideH, w.dh) }

// extent is how many pixels of an axis n positions meet.
func extent(n, stride int, d []int) int {
	if n == 0 || len(d) == 0 {
		return 0
	}
	return (n-1)*stride + d[len(d)-1] - d[0] + 1
}

// frames are the images as far as the window goes.
func (w *sweep) frames(b *buffer, height, width, channels int) frames {
	f := frames{buf: b, height: height, width: width, channels: channels, cols: extent(w.width, w.strideW, w.dw)}
	if len(w.dh) > 0 && len(w.dw) > 0 {
		f.top, f.left = -w.dh[0], -w.dw[0]
	}
	return f
}

// wholeFrames are the images of what is known of every position.
func wholeFrames(b *buffer, w sweep, channels int) frames {
	return frames{buf: b, height: w.height, width: w.width, channels: channels, cols: w.width}
}

// A tapRun is taps of a line that are neighbours in memory, or one tap: in a
// frame it begins so many lines and pixels from a position.
type tapRun struct{ line, pixel int }

// runs lists the runs of taps, and says how many elements of a group each has.
func (w *sweep) runs(groups, channels int) (runs []tapRun, length int) {
	joined := 1
	if groups == 1 && len(w.dw) > 0 && w.dw[len(w.dw)-1]-w.dw[0] == len(w.dw)-1 {
		joined = len(w.dw)
	}
	for _, h := range w.dh {
		for i := 0; i < len(w.dw); i += joined {
			runs = append(runs, tapRun{h - w.dh[0], w.dw[i] - w.dw[0]})
		}
	}
	return runs, joined * channels / groups
}

// eachTap lists the taps as runs of one.
func (w *sweep) eachTap() (taps []tapRun) {
	for _, h := range w.dh {
		for _, c := range w.dw {
			taps = append(taps, tapRun{h - w.dh[0], c - w.dw[0]})
		}
	}
	return taps
}

// pitch is how many pixels the taps of a line are apart: the same for all.
func (w *sweep) pitch() int {
	if len(w.dw) < 2 {
		return 1
	}
	return w.dw[1] - w.dw[0]
}

// flattened is s with its pixels dealt anew into images of one line, where the
// window is a pixel that visits all: lines then suit micro-tiles and caches.
func flattened(s device.Conv2D) device.Conv2D {
	pixel := device.Window{KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: s.DilationH, DilationW: s.DilationW}
	if s.Window == pixel {
		pixels := s.N * s.H * s.W
		s.H, s.W = 1, lineOf(pixels, s.H*s.W)
		s.N = pixels / max(s.W, 1)
	}
	return s
}

// lineOf is how long the lines are that so many pixels are dealt into: all the same,
// enough of them to keep the workers busy. Where there is no such length it is image.
func lineOf(pixels, image int) int {
	for n := min(blockPositions, pixels/enoughTasks); n >= shortLine; n-- {
		if pixels%n == 0 {
			return n
		}
	}
	return image
}

const shortLine = 16 // pixels, which micro-tiles cover without much waste
