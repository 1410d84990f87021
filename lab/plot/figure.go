package plot

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"toychain/lab"
)

// The size of a figure.
const (
	width  = 7 * vg.Inch
	height = 4.5 * vg.Inch
)

// colours are of the series, in their order; they can be told apart in grey, too.
var colours = []color.Color{
	color.RGBA{0x1b, 0x5e, 0x9b, 0xff}, color.RGBA{0xd9, 0x5f, 0x02, 0xff}, color.RGBA{0x1a, 0x8a, 0x5a, 0xff},
	color.RGBA{0x8e, 0x44, 0xad, 0xff}, color.RGBA{0x55, 0x55, 0x55, 0xff},
}

// Formats are those that Draw knows.
var Formats = []string{"svg", "png"}

// Draw returns a figure as an image: svg or png.
func Draw(f *lab.Figure, format string) ([]byte, error) {
	if format != "svg" && format != "png" {
		return nil, fmt.Errorf("format %q: want svg or png", format)
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = f.Title, f.X, f.Y
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	drawn := 0
	for i, s := range f.Series {
		xys, bars := drawable(f, s)
		if len(xys) == 0 {
			continue
		}
		drawn += len(xys)
		if err := add(p, s, xys, bars, colours[i%len(colours)]); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if drawn > 0 {
		scale(&p.X, f.LogX, .02)
		scale(&p.Y, f.LogY, .2) // for the legend
	}
	to, err := p.WriterTo(width, height, format)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := to.WriteTo(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// add adds a series: points with their intervals if it was measured, else a line.
func add(p *plot.Plot, s lab.Series, xys plotter.XYs, bars plotter.YErrors, c color.Color) error {
	if !s.Measured {
		line, err := plotter.NewLine(xys)
		if err != nil {
			return err
		}
		line.Color, line.Width = c, vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(s.Name, line)
		return nil
	}
	points, err := plotter.NewScatter(xys)
	if err != nil {
		return err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	p.Add(points)
	p.Legend.Add(s.Name, points)
	if bars == nil {
		return nil
	}
	whiskers, err := plotter.NewYErrorBars(struct {
		plotter.XYs
		plotter.YErrors
	}{xys, bars})
	if err != nil {
		return err
	}
	whiskers.Color = c
	p.Add(whiskers)
	return nil
}

// drawable returns the values of a series that can be drawn on the figure's axes, and how far their
// intervals reach.
func drawable(f *lab.Figure, s lab.Series) (xys plotter.XYs, bars plotter.YErrors) {
	const least = 1e-100 // that a logarithmic axis can have
	usable := func(v float64, log bool) bool {
		return !math.IsNaN(v) && !math.IsInf(v, 0) && (v > least || !log)
	}
	for i, x := range s.X {
		y := s.Y[i]
		if !usable(x, f.LogX) || !usable(y, f.LogY) {
			continue
		}
		xys = append(xys, plotter.XY{X: x, Y: y})
		if s.Low != nil {
			low := s.Low[i]
			if !usable(low, f.LogY) {
				low = y
			}
			bars = append(bars, struct{ Low, High float64 }{y - low, s.High[i] - y})
		}
	}
	return xys, bars
}

// scale sets an axis, which must not be empty, and leaves a part of it free at the end.
func scale(a *plot.Axis, log bool, free float64) {
	if a.Min == a.Max {
		a.Min, a.Max = a.Min-math.Abs(a.Min)/2-1e-9, a.Max+math.Abs(a.Max)/2+1e-9
	}
	if log && a.Min > 0 {
		a.Scale, a.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		a.Max *= math.Pow(a.Max/a.Min, free)
		return
	}
	a.Max += (a.Max - a.Min) * free
}
