package devicetest

import (
	"errors"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

func checkReplay(s *suite) {
	s.checkRecordRunsNothing()
	s.checkReplayReadsData()
	s.checkReplayOwns()
	s.checkReplayPins()
	s.checkRecordErrors()
	s.checkReplayFault()
}

// record writes down what f calls.
func (s *suite) record(f func()) device.Replay {
	s.Helper()
	r, err := s.dev.Record(func() error { f(); return nil })
	require.NoError(s, err, "Record")
	return r
}

// filled is a buffer of n elements v.
func (s *suite) filled(n int, v float32) device.Buffer {
	s.Helper()
	b := s.alloc(device.Float32, n)
	s.dev.Fill(device.To(b), v)
	return b
}

// first is the first element of b.
func (s *suite) first(b device.Buffer) float64 {
	s.Helper()
	return download(s, s.dev, b)[0]
}

func (s *suite) checkRecordRunsNothing() {
	y := s.filled(10, 1)
	r := s.record(func() { s.dev.Fill(device.To(y), 2) })
	require.Equal(s, 1., s.first(y), "Record: nothing runs")
	require.NoError(s, r.Run())
	require.Equal(s, 2., s.first(y), "Replay: it runs now")
	r.Close()
	s.dev.Free(y)
}

// checkReplayReadsData changes what a recorded call reads: y += x² by way of a
// buffer of the recording's own.
func (s *suite) checkReplayReadsData() {
	x, y := s.filled(100, 1), s.filled(100, 0)
	r := s.record(func() {
		square := s.alloc(device.Float32, 100)
		s.dev.Unary(device.To(square), x, device.Unary{Func: device.Square})
		s.dev.Convert(device.Onto(y), square)
		s.dev.Free(square)
		again := s.alloc(device.Float32, 100) // may be the same memory
		s.dev.Fill(device.To(again), 0)
		s.dev.Free(again)
	})
	want := 0.
	for v := 1.; v <= 3; v++ {
		s.dev.Fill(device.To(x), float32(v))
		require.NoError(s, r.Run())
		want += v * v
		require.Equal(s, want, s.first(y), "Replay: reads what is there when it runs")
	}
	allocs := s.dev.Stats().Allocs
	require.NoError(s, r.Run())
	require.Equal(s, allocs, s.dev.Stats().Allocs, "Replay: allocates nothing")
	r.Close()
	s.dev.Free(x)
	s.dev.Free(y)
}

// checkReplayOwns gives blocks of a recording back in either order.
func (s *suite) checkReplayOwns() {
	start := s.dev.Stats().Live
	var kept device.Buffer
	r := s.record(func() {
		kept = s.alloc(device.Float32, 1000)
		s.dev.Fill(device.To(kept), 1)
		s.dev.Free(s.alloc(device.Float32, 1000))
	})
	require.GreaterOrEqual(s, s.dev.Stats().Live, start+4000, "Replay: its blocks are alive, freed ones too")
	r.Close()
	s.dev.Free(kept)
	require.Equal(s, start, s.dev.Stats().Live, "Replay: Close and Free give its blocks back once")
	a, b := s.filled(1000, 1), s.filled(1000, 2)
	require.Equal(s, 1., s.first(a), "Replay: a block given back once is handed out once")
	s.dev.Free(a)
	s.dev.Free(b)
}

// checkReplayPins frees what a recording uses, and plays it.
func (s *suite) checkReplayPins() {
	start := s.dev.Stats().Live
	x, y := s.filled(1000, 3), s.filled(1000, 0)
	r := s.record(func() { s.dev.Convert(device.To(y), x) })
	s.dev.Free(x)
	other := s.filled(1000, 5) // must not be x's memory
	require.NoError(s, r.Run())
	require.Equal(s, 3., s.first(y), "Replay: pins the buffers that it uses")
	r.Close()
	s.dev.Free(y)
	s.dev.Free(other)
	require.Equal(s, start, s.dev.Stats().Live, "Replay: Close unpins")
}

// checkRecordErrors does within Record what cannot be recorded.
func (s *suite) checkRecordErrors() {
	b := s.filled(4, 1)
	defer s.dev.Free(b)
	failed := errors.New("failed")
	fill := s.record(func() { s.dev.Fill(device.To(b), 3) })
	defer fill.Close()
	for name, f := range map[string]func() error{
		"an Upload":           func() error { s.dev.Upload(b, make([]float32, 4)); return nil },
		"a written Upload":    func() error { s.dev.Upload(b, func([]float32) {}); return nil },
		"a Download":          func() error { return s.dev.Download(make([]float32, 4), b) },
		"a Sync":              s.dev.Sync,
		"a second Record":     func() error { _, err := s.dev.Record(func() error { return nil }); return err },
		"a Run":               fill.Run,
		"an ignored Download": func() error { _ = s.dev.Download(make([]float32, 4), b); return nil },
		"an ignored Sync":     func() error { _ = s.dev.Sync(); return nil },
		"an ignored Record":   func() error { _, _ = s.dev.Record(func() error { return nil }); return nil },
		"an error of f":       func() error { return failed },
		"an Upload and more":  func() error { s.dev.Upload(b, make([]float32, 4)); return failed },
		"a call and an error": func() error { s.dev.Fill(device.To(b), 2); return failed },
	} {
		r, err := s.dev.Record(f)
		require.Errorf(s, err, "Record: %s", name)
		require.Nilf(s, r, "Record: %s", name)
		require.NoErrorf(s, s.dev.Sync(), "after Record: %s", name)
	}
	require.Equal(s, 1., s.first(b), "a failed Record changes nothing")
}

// checkReplayFault plays a call on bad data.
func (s *suite) checkReplayFault() {
	logits, labels, loss := s.filled(6, 0), s.alloc(device.Int32, 2), s.filled(2, 0)
	s.dev.Upload(labels, []int32{0, 1})
	r := s.record(func() {
		s.dev.CrossEntropy(device.To(loss), device.Dst{}, device.Dst{}, logits, labels, nil, device.CrossEntropy{Rows: 2, Classes: 3})
	})
	s.dev.Upload(labels, []int32{1, 3})
	var fault *device.Fault
	require.ErrorAs(s, errors.Join(r.Run(), s.dev.Sync()), &fault, "Replay: a label out of range")
	require.Equal(s, device.Fault{Op: "CrossEntropy", Index: 1, Value: 3, Limit: 3}, *fault)
	s.dev.ClearFault()
	s.dev.Upload(labels, []int32{1, 2})
	require.NoError(s, r.Run(), "Replay: good labels")
	r.Close()
	for _, b := range []device.Buffer{logits, labels, loss} {
		s.dev.Free(b)
	}
}
