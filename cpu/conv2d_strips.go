package cpu

import "example.org/chainrule/device"

// A filterStrip is the filters of one group that the columns of a micro-tile
// stand for.
type filterStrip struct {
	group, first int // of the group's filters
	count        int // what a micro-tile has beyond these is not used
	width        int // columns of the micro-tile
	at           int // the column where all strips lie side by side
	from         int // the first channel of the images it meets
}

// strips cuts groups of filters on so many channels each, and says how many
// columns the strips have in all.
func (r *batchReducer) strips(groups, filters, channels int) (strips []filterStrip, columns int) {
	for g := range groups {
		for first := 0; first < filters; first += r.nr {
			s := filterStrip{
				group: g, first: first, count: min(r.nr, filters-first), width: r.nr,
				at: columns, from: g * channels,
			}
			if s.count <= r.nr/2 {
				s.width = r.nr / 2
			}
			strips = append(strips, s)
			columns += s.width
		}
	}
	return strips, columns
}

// A panelSource copies to dst what a strip is multiplied with: a row of s.width
// filters for every tap and channel.
type panelSource interface {
	panel(dst []float32, s filterStrip, worker int)
}

// forwardFilters are those of a convolution, [K, taps, channels].
type forwardFilters struct {
	w         *buffer
	size      int // of a filter
	perGroup  int
	transpose func(dst []float32, ldd int, src []float32, lds, cols int)
	stage     [][]float32 // of each worker, eight filters
}

// forwardFiltersOf are so many filters a group, of size elements each.
func forwardFiltersOf(p *plan, w *buffer, perGroup, size int) *forwardFilters {
	return &forwardFilters{w, size, perGroup, p.dev.kernel.transpose, perWorker(p, 8*spread(size))}
}

func (f *forwardFilters) panel(dst []float32, s filterStrip, worker int) {
	ld, stage := spread(f.size), f.stage[worker]
	for j := 0; j < s.count; j += 8 {
		for i := range min(8, s.count-j) {
			f.w.copyTo(stage[i*ld:][:f.size], (s.group*f.perGroup+s.first+j+i)*f.size)
		}
		f.transpose(dst[j:], s.width, stage, ld, roundUp(f.size, 8))
	}
}

// tapFilters are those of a phase of a data gradient: of each of its taps, a
// filter for every input channel made of the output channels.
type tapFilters struct {
	w            *buffer
	s            device.Conv2D
	tapsH, tapsW []int
}

func (f *tapFilters) panel(dst []float32, s filterStrip, _ int) {
	rows := len(f.tapsH) * len(f.tapsW) * f.s.K / f.s.Groups
	for r := range rows {
		f.w.copyTo(dst[r*s.width:][:s.count], f.of(s.group, r)+s.first)
	}
}

// of is where row (tap h, tap w, o) of group i begins.
func (f *tapFilters) of(i, row int) int {
	filters := f.s.K / f.s.Groups
	tap, o := row/filters, row%filters
	h, w := f.tapsH[tap/len(f.tapsW)], f.tapsW[tap%len(f.tapsW)]
	return (((i*filters+o)*f.s.KH+h)*f.s.KW + w) * f.s.C / f.s.Groups
}
