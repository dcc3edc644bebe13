package images

import "image"

const (
	minContrast = 24  // of 255, between ink and ground
	speckShare  = 0.1 // of the largest stroke's area: smaller ones are dust
)

// plane is a picture of one channel with signed values.
type plane struct {
	width, height int
	values        []float64 // [height, width]
}

// minusLocalMean subtracts from each value the mean of the square round it, a
// third as wide as the picture, so that what varies slowly vanishes.
func (p plane) minusLocalMean() plane {
	sums := p.integral()
	stride := p.width + 1
	radius := max(p.width, p.height) / 6
	flat := plane{p.width, p.height, make([]float64, len(p.values))}
	for y := range p.height {
		top, bottom := max(0, y-radius), min(p.height, y+radius+1)
		for x := range p.width {
			left, right := max(0, x-radius), min(p.width, x+radius+1)
			sum := sums[bottom*stride+right] - sums[top*stride+right] - sums[bottom*stride+left] + sums[top*stride+left]
			i := y*p.width + x
			flat.values[i] = p.values[i] - sum/float64((bottom-top)*(right-left))
		}
	}
	return flat
}

// integral returns [height+1, width+1], the sum of all values above and left of
// each corner.
func (p plane) integral() []float64 {
	stride := p.width + 1
	sums := make([]float64, stride*(p.height+1))
	for y := range p.height {
		row := 0.0
		for x := range p.width {
			row += p.values[y*p.width+x]
			sums[(y+1)*stride+x+1] = sums[y*stride+x+1] + row
		}
	}
	return sums
}

// thirdMoment is positive where a minority of the picture is lighter than the
// rest, as ink on a dark ground.
func (p plane) thirdMoment() float64 {
	sum := 0.0
	for _, v := range p.values {
		sum += v * v * v
	}
	return sum
}

func (p plane) negate() {
	for i := range p.values {
		p.values[i] = -p.values[i]
	}
}

// ink stretches the contrast so that the ground becomes 0 and ink 255, with a
// ramp about the threshold.
func (p plane) ink() (plane, error) {
	ground, ink := p.otsu()
	if ink-ground < minContrast {
		return plane{}, ErrNoDigit
	}
	threshold := (ground + ink) / 2
	stretched := plane{p.width, p.height, make([]float64, len(p.values))}
	for i, v := range p.values {
		stretched.values[i] = 255 * min(1, max(0, v/threshold-0.5))
	}
	return stretched, nil
}

// otsu returns the means of the two groups of values that have the largest
// variance between them, 0 and 0 where all values are equal; negative ones count
// as 0. Otsu's threshold is halfway between the means; the level at which the
// groups part is none, as ground and ink of two colours part at any between.
func (p plane) otsu() (low, high float64) {
	var histogram [256]float64
	total := 0.0
	for _, v := range p.values {
		level := int(min(255, max(0, v)))
		histogram[level]++
		total += float64(level)
	}
	best, below, belowSum := 0.0, 0.0, 0.0
	for level, count := range histogram {
		below += count
		belowSum += count * float64(level)
		above := float64(len(p.values)) - below
		if below == 0 || above == 0 {
			continue
		}
		belowMean, aboveMean := belowSum/below, (total-belowSum)/above
		difference := aboveMean - belowMean
		if between := below * above * difference * difference; between > best {
			best, low, high = between, belowMean, aboveMean
		}
	}
	return low, high
}

// dropSpecks clears the connected areas that are small beside the largest.
func (p plane) dropSpecks() {
	areas := p.areas()
	largest := 0
	for _, area := range areas {
		largest = max(largest, len(area))
	}
	for _, area := range areas {
		if float64(len(area)) >= speckShare*float64(largest) {
			continue
		}
		for _, i := range area {
			p.values[i] = 0
		}
	}
}

// areas lists the connected areas (8 neighbours) of what is not ground.
func (p plane) areas() [][]int {
	var areas [][]int
	seen := make([]bool, len(p.values))
	for start, v := range p.values {
		if v == 0 || seen[start] {
			continue
		}
		seen[start] = true
		area := []int{start}
		for next := 0; next < len(area); next++ {
			p.neighbours(area[next], func(i int) {
				if p.values[i] > 0 && !seen[i] {
					seen[i] = true
					area = append(area, i)
				}
			})
		}
		areas = append(areas, area)
	}
	return areas
}

// neighbours visits the places round place i, and i itself.
func (p plane) neighbours(i int, visit func(int)) {
	x0, y0 := i%p.width, i/p.width
	for y := max(0, y0-1); y <= min(p.height-1, y0+1); y++ {
		for x := max(0, x0-1); x <= min(p.width-1, x0+1); x++ {
			visit(y*p.width + x)
		}
	}
}

// crop returns the smallest rectangle that holds all ink.
func (p plane) crop() image.Image {
	gray := image.NewGray(image.Rect(0, 0, p.width, p.height))
	var box image.Rectangle
	for i, v := range p.values {
		if v > 0 {
			gray.Pix[i] = byte(v)
			x, y := i%p.width, i/p.width
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return gray.SubImage(box)
}
