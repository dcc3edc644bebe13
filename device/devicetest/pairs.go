package devicetest

// pairs lists rows of one choice for each parameter, 0 <= choice < counts[i],
// such that any two choices of two parameters meet in some row: nearly all that
// the full product of parameters finds, at a fraction of its runs.
func pairs(counts ...int) [][]int {
	c := covering{counts, map[meeting]bool{}}
	var rows [][]int
	for q := range counts {
		for p := range q {
			for i := range counts[p] {
				for j := range counts[q] {
					if !c.met[meeting{p, i, q, j}] {
						rows = append(rows, c.row(p, i, q, j))
					}
				}
			}
		}
	}
	return rows
}

// A meeting is choice i of parameter p with choice j of parameter q, p < q.
type meeting struct{ p, i, q, j int }

type covering struct {
	counts []int
	met    map[meeting]bool
}

// row fixes two parameters and gives each other one the choice that meets most
// of the fixed ones for the first time.
func (c covering) row(p, i, q, j int) []int {
	row := make([]int, len(c.counts))
	for r := range row {
		row[r] = -1
	}
	row[p], row[q] = i, j
	for r, n := range c.counts {
		if row[r] >= 0 {
			continue
		}
		best, start := -1, c.tie(r)
		for try := range n {
			choice := (try + start) % n
			if gain := c.gain(row, r, choice); gain > best {
				best, row[r] = gain, choice
			}
		}
	}
	for r, choice := range row {
		for _, m := range c.meetings(row, r, choice) {
			c.met[m] = true
		}
	}
	return row
}

// tie is where a row begins to look among choices that are as good: elsewhere each
// time, and not at the same place for parameters of as many choices, or these would
// meet no others once all pairs have met.
func (c covering) tie(r int) int {
	return int(uint32(len(c.met)*31+r) * 2654435761 >> 16)
}

// gain counts the first meetings of a choice with the fixed ones.
func (c covering) gain(row []int, r, choice int) (n int) {
	for _, m := range c.meetings(row, r, choice) {
		if !c.met[m] {
			n++
		}
	}
	return n
}

func (c covering) meetings(row []int, r, choice int) (ms []meeting) {
	for o, other := range row {
		switch {
		case other < 0 || o == r:
		case o < r:
			ms = append(ms, meeting{o, other, r, choice})
		default:
			ms = append(ms, meeting{r, choice, o, other})
		}
	}
	return ms
}
