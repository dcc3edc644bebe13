package cuda

import (
	"slices"
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

// A lateDriver puts work off for as long as streams and events allow, so that
// what does not wait for what it needs goes wrong.
type lateDriver struct{ driver.Driver }

func (d lateDriver) Open(i int) (driver.Context, error) {
	ctx, err := d.Driver.Open(i)
	return &lateContext{Context: ctx, streams: map[driver.Stream]*lateStream{}, events: map[driver.Event]latePoint{}}, err
}

type lateContext struct {
	driver.Context
	streams   map[driver.Stream]*lateStream
	events    map[driver.Event]latePoint
	capturing driver.Stream
}

// A lateStream is work that was put off, and how much has been done.
type lateStream struct {
	work []func() error
	done int
}

// A latePoint is a place in a stream.
type latePoint struct {
	stream *lateStream
	after  int // so much work
}

func (c *lateContext) stream(s driver.Stream) *lateStream {
	if c.streams[s] == nil {
		c.streams[s] = &lateStream{}
	}
	return c.streams[s]
}

func (c *lateContext) end(s driver.Stream) latePoint {
	return latePoint{c.stream(s), len(c.stream(s).work)}
}

// reach does work up to the point.
func (p latePoint) reach() error {
	for p.stream != nil && p.stream.done < p.after {
		p.stream.done++
		if err := p.stream.work[p.stream.done-1](); err != nil {
			return err
		}
	}
	return nil
}

// putOff keeps work for later; what is captured is written down now.
func (c *lateContext) putOff(s driver.Stream, work func() error) error {
	if s == c.capturing && s != 0 {
		return work()
	}
	c.stream(s).work = append(c.stream(s).work, work)
	return nil
}

func (c *lateContext) Upload(dst driver.Ptr, src []byte, s driver.Stream) error {
	return c.putOff(s, func() error { return c.Context.Upload(dst, src, s) })
}

func (c *lateContext) Download(dst []byte, src driver.Ptr, s driver.Stream) error {
	return c.putOff(s, func() error { return c.Context.Download(dst, src, s) })
}

func (c *lateContext) Copy(dst, src driver.Ptr, n int, s driver.Stream) error {
	return c.putOff(s, func() error { return c.Context.Copy(dst, src, n, s) })
}

func (c *lateContext) Fill(dst driver.Ptr, word uint32, n int, s driver.Stream) error {
	return c.putOff(s, func() error { return c.Context.Fill(dst, word, n, s) })
}

func (c *lateContext) Launch(f driver.Function, g driver.Config, params []byte) error {
	params = slices.Clone(params)
	return c.putOff(g.Stream, func() error { return c.Context.Launch(f, g, params) })
}

func (c *lateContext) LaunchGraph(g driver.Graph, s driver.Stream) error {
	return c.putOff(s, func() error { return c.Context.LaunchGraph(g, s) })
}

func (c *lateContext) Wait(s driver.Stream, e driver.Event) error {
	return c.putOff(s, c.events[e].reach)
}

func (c *lateContext) Record(e driver.Event, s driver.Stream) error {
	c.events[e] = c.end(s)
	return nil
}

func (c *lateContext) Done(e driver.Event) (bool, error) {
	p := c.events[e]
	return p.stream == nil || p.stream.done >= p.after, nil
}

func (c *lateContext) SyncEvent(e driver.Event) error { return c.events[e].reach() }

func (c *lateContext) Sync(s driver.Stream) error { return c.end(s).reach() }

func (c *lateContext) BeginCapture(s driver.Stream) error {
	c.capturing = s
	return c.Context.BeginCapture(s)
}

func (c *lateContext) EndCapture(s driver.Stream) (driver.Graph, error) {
	c.capturing = 0
	return c.Context.EndCapture(s)
}

// TestUploadsAndCalls goes on uploading into memory that calls read, and calling
// what uploads write, each many times before anything is looked at.
func TestUploadsAndCalls(t *testing.T) {
	d, err := Open(lateDriver{sim.New(sim.Options{})}, 0, Options{})
	require.NoError(t, err)
	const n, batches, rounds = 100, 3, 50
	sum, host := alloc(t, d, n), make([]float32, n)
	d.Fill(device.To(sum), 0)
	var batch [batches]device.Buffer
	for i := range batch {
		batch[i] = alloc(t, d, n)
	}
	want := float32(0)
	for i := range rounds {
		for j := range host {
			host[j] = float32(i)
		}
		d.Upload(batch[i%batches], host)
		clear(host)
		d.Convert(device.Onto(sum), batch[i%batches])
		if i%4 == 0 {
			d.Convert(device.Onto(sum), batch[i%batches])
			want += float32(i)
		}
		want += float32(i)
	}
	require.NoError(t, d.Download(host, sum))
	require.Equal(t, want, host[0])
	require.Equal(t, want, host[n-1])
	require.NoError(t, d.Close())
}

// TestLateFailure finds a fault of a kernel when something waits for it.
func TestLateFailure(t *testing.T) {
	d, err := Open(lateDriver{sim.New(sim.Options{})}, 0, Options{Exact: true})
	require.NoError(t, err)
	x := alloc(t, d, 10)
	d.run(device.Call{Op: "Fill", Dst: [4]device.Dst{device.To(x)}}, func(l *launcher) {
		l.launch("convert", "fill", "f32", elements(100), l.args().dst(device.To(x)).f32(1).i32(100))
	})
	require.NoError(t, d.Err(), "nothing is known yet")
	require.ErrorContains(t, d.Sync(), "cuda:0: Fill: kernel convert_fill_f32, or work before it: ")
	require.NoError(t, d.Close())
}
