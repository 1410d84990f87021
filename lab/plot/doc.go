// Package plot draws what an experiment of package lab came to: its figure, and a diagram of its
// first messages.
//
//	lab.Figure ──► Draw ──► SVG or PNG: curves of the theory, measured points with their intervals
//	lab.Events ──► Diagram ──► SVG: parties as lines, messages as arrows, time downwards
//
// # What it knows
//
// How a figure is drawn (gonum.org/v1/plot). Package lab does not know it, so that it builds for
// a browser without fonts and image formats.
//
// # What it must not know
//
// What an experiment means, or a file: it returns bytes. The same values give the same bytes.
//
// # Errors
//
// A format other than svg and png. A figure whose values cannot be drawn, like zero on a
// logarithmic axis, is drawn without them.
package plot
