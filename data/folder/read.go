package folder

import (
	"context"
	"fmt"
	"image"
	"runtime"
	"sync"
	"sync/atomic"

	"example.org/chainrule/data"
	"example.org/chainrule/data/images"
)

// reader decodes pictures into sets of one size.
type reader struct {
	tree
	options Options // with the size settled
	classes []string
}

// chooseSize looks at the header of every picture: where all have one size, of
// at most MaxNativeSide, it's kept.
func (r *reader) chooseSize(ctx context.Context, l layout) error {
	var found sizes
	for _, pictures := range [][]picture{l.train, l.test} {
		err := parallel(ctx, len(pictures), func(i int) {
			if size, err := r.decodeSize(pictures[i].path); err == nil { // else reading it reports why
				found.add(size)
			}
		})
		if err != nil {
			return err
		}
	}
	size := found.choose()
	r.options.Height, r.options.Width = size.Y, size.X
	return nil
}

func (r *reader) decodeSize(name string) (image.Point, error) {
	file, err := r.Open(name)
	if err != nil {
		return image.Point{}, err
	}
	defer file.Close()
	return images.DecodeSize(file)
}

// sizes notes whether pictures are of one size.
type sizes struct {
	mu    sync.Mutex
	first image.Point
	mixed bool
}

func (s *sizes) add(size image.Point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == (image.Point{}) {
		s.first = size
	}
	s.mixed = s.mixed || size != s.first
}

func (s *sizes) choose() image.Point {
	none := s.first == image.Point{}
	if none || s.mixed || max(s.first.X, s.first.Y) > MaxNativeSide {
		return image.Pt(DefaultSide, DefaultSide)
	}
	return s.first
}

// channels is the number of channels read: 3 where the choice comes later.
func (r *reader) channels() int {
	if r.options.Channels == 0 {
		return 3
	}
	return r.options.Channels
}

// imageSize is the number of bytes of a picture, as read.
func (r *reader) imageSize() int { return r.options.Height * r.options.Width * r.channels() }

func (r *reader) checkMemory(count int) error {
	if count > 0 && r.imageSize() > MaxBytes/count {
		return fmt.Errorf("folder: %s: %d pictures of %dx%dx%d are more than the %d GiB that a set may take: choose a smaller size",
			r.name, count, r.options.Height, r.options.Width, r.channels(), MaxBytes>>30)
	}
	return nil
}

// read decodes the pictures of one part, each to its own place, and closes up
// over those that failed. Every class must be left with one.
func (r *reader) read(ctx context.Context, pictures []picture, purpose string) (*data.Dataset, []error, error) {
	size := r.imageSize()
	pixels := make([]byte, len(pictures)*size)
	failures := make([]error, len(pictures))
	err := parallel(ctx, len(pictures), func(i int) {
		failures[i] = r.decode(pixels[i*size:(i+1)*size], pictures[i].path)
	})
	if err != nil {
		return nil, nil, err
	}
	set := &data.Dataset{Height: r.options.Height, Width: r.options.Width, Channels: r.channels(), Classes: r.classes}
	var skipped []error
	for i, failure := range failures {
		switch {
		case failure == nil:
			set.Pixels = append(pixels[:len(set.Pixels)], pixels[i*size:(i+1)*size]...)
			set.Labels = append(set.Labels, pictures[i].label)
		case r.options.Strict:
			return nil, nil, fmt.Errorf("folder: %w", failure)
		default:
			skipped = append(skipped, failure)
		}
	}
	return set, skipped, r.checkClasses(set, skipped, purpose)
}

// checkClasses refuses a part in which a class has no picture.
func (r *reader) checkClasses(set *data.Dataset, skipped []error, purpose string) error {
	for class, count := range set.ClassCounts() {
		if count > 0 {
			continue
		}
		err := fmt.Errorf("folder: %s: class %q has no usable picture %s", r.name, r.classes[class], purpose)
		if len(skipped) > 0 {
			return fmt.Errorf("%w (%d could not be decoded, the first: %w)", err, len(skipped), skipped[0])
		}
		return err
	}
	return nil
}

// decode reads one picture into dst; what goes wrong is an ImageError.
func (r *reader) decode(dst []byte, name string) error {
	file, err := r.Open(name)
	if err != nil {
		return &ImageError{Path: r.full(name), Err: err}
	}
	defer file.Close()
	decoded, err := images.Decode(file)
	if err != nil {
		return &ImageError{Path: r.full(name), Err: err}
	}
	pixels, err := images.Pixels(decoded, r.options.Height, r.options.Width, r.channels())
	if err != nil {
		return &ImageError{Path: r.full(name), Err: err}
	}
	copy(dst, pixels)
	return nil
}

// parallel does work(0) to work(n-1) on as many goroutines as there are
// processors, and stops early where ctx is cancelled.
func parallel(ctx context.Context, n int, work func(i int)) error {
	var next atomic.Int64
	var running sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	running.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("folder: %w", err)
	}
	return nil
}
