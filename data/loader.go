package data

import (
	"context"
	"fmt"
	"iter"
	"sync"
)

// Batch is a few images on their way to a device. It is valid until the next
// step of the loop that yielded it: its memory is used again for a later batch.
type Batch struct {
	Images []byte  // [N, Height, Width, Channels]
	Labels []int32 // [N]
}

// Len is the number of images, N.
func (b Batch) Len() int { return len(b.Labels) }

// LoaderOptions says how a [Loader] makes its batches.
type LoaderOptions struct {
	// Batch is the number of images of a batch; the last batch of an epoch
	// holds what is left.
	Batch int

	// Shuffle draws a new order for each epoch from Seed and the epoch's number.
	Shuffle bool
	Seed    uint64

	// Workers is the number of goroutines that fill batches ahead of the loop
	// (0: one). The batches are the same for any number.
	Workers int
}

// BatchSizeError tells of a batch that the set cannot fill.
type BatchSizeError struct {
	Batch, Images int
}

func (e *BatchSizeError) Error() string {
	if e.Batch < 1 {
		return fmt.Sprintf("data: a batch of %d images, at least 1 is needed", e.Batch)
	}
	return fmt.Sprintf("data: a batch of %d images is larger than the set, which has %d", e.Batch, e.Images)
}

// Loader hands out a set in batches.
type Loader struct {
	set     *Dataset
	options LoaderOptions
}

// NewLoader returns a loader of the set. Errors: those of [Dataset.Check]; a
// [*BatchSizeError] where the batch is less than 1 or larger than the set.
func NewLoader(set *Dataset, options LoaderOptions) (*Loader, error) {
	if err := set.Check(); err != nil {
		return nil, err
	}
	if options.Batch < 1 || options.Batch > set.Len() {
		return nil, &BatchSizeError{Batch: options.Batch, Images: set.Len()}
	}
	l := &Loader{set: set, options: options}
	l.options.Workers = min(max(options.Workers, 1), l.Batches()) // more would have nothing to do
	return l, nil
}

// Batches is the number of batches of an epoch.
func (l *Loader) Batches() int {
	return (l.set.Len() + l.options.Batch - 1) / l.options.Batch
}

// Epoch yields every image of the set once, batch by batch, while goroutines
// fill the batches that follow. They have ended when the loop has, whether it
// ran to its end or was left early. Where ctx is cancelled, the last thing
// yielded is its error.
func (l *Loader) Epoch(ctx context.Context, epoch int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		stop := make(chan struct{})
		var running sync.WaitGroup
		defer running.Wait()
		defer close(stop)

		feeds := l.start(l.order(epoch), stop, &running)
		for k := range l.Batches() {
			feed := feeds[k%len(feeds)]
			batch, err := feed.next(ctx)
			if err != nil {
				yield(Batch{}, fmt.Errorf("epoch %d stopped: %w", epoch, err))
				return
			}
			if !yield(batch, nil) {
				return
			}
			feed.free <- batch
		}
	}
}

// order is the sequence in which the epoch visits the images.
func (l *Loader) order(epoch int) []int {
	if l.options.Shuffle {
		return Permutation(l.set.Len(), l.options.Seed, uint64(epoch))
	}
	order := make([]int, l.set.Len())
	for i := range order {
		order[i] = i
	}
	return order
}

// feed is one worker's side of the loop: worker w of n fills batches w, w+n,
// w+2n, ..., so that taking them in turn restores their order.
type feed struct {
	ready chan Batch
	free  chan Batch
}

// next waits for the worker's next batch.
func (f feed) next(ctx context.Context) (Batch, error) {
	if err := ctx.Err(); err != nil {
		return Batch{}, err
	}
	select {
	case batch := <-f.ready:
		return batch, nil
	case <-ctx.Done():
		return Batch{}, ctx.Err()
	}
}

// start sets the workers to work, with two buffers each: one that the loop
// reads and one being filled.
func (l *Loader) start(order []int, stop <-chan struct{}, running *sync.WaitGroup) []feed {
	feeds := make([]feed, l.options.Workers)
	for w := range feeds {
		f := feed{ready: make(chan Batch, 2), free: make(chan Batch, 2)}
		f.free <- l.buffer()
		f.free <- l.buffer()
		feeds[w] = f
		running.Go(func() { l.fill(f, order, w, stop) })
	}
	return feeds
}

// buffer is the memory of one full batch.
func (l *Loader) buffer() Batch {
	return Batch{
		Images: make([]byte, 0, l.options.Batch*l.set.ImageSize()),
		Labels: make([]int32, 0, l.options.Batch),
	}
}

// fill is the work of worker w: copy images into a free buffer, pass it on.
// Neither channel is ever full when it sends, because there are two buffers.
func (l *Loader) fill(f feed, order []int, w int, stop <-chan struct{}) {
	for k := w; k < l.Batches(); k += l.options.Workers {
		var batch Batch
		select {
		case batch = <-f.free:
		case <-stop:
			return
		}
		first := k * l.options.Batch
		last := min(first+l.options.Batch, len(order))
		f.ready <- l.gather(batch, order[first:last])
	}
}

// gather fills a buffer with the images at the given indices.
func (l *Loader) gather(batch Batch, indices []int) Batch {
	batch.Images, batch.Labels = batch.Images[:0], batch.Labels[:0]
	for _, i := range indices {
		batch.Images = append(batch.Images, l.set.Image(i)...)
		batch.Labels = append(batch.Labels, l.set.Labels[i])
	}
	return batch
}
