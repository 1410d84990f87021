package draw

import (
	"slices"

	"toychain/block"
)

// lanes gives every block its column, and returns how many columns there are. The
// later a branch forks off, the nearer it is to where it came from: then no line from
// a fork to a branch has to cross another branch. One pass, n log n for n blocks.
//
//	● ─╮        not   ● ───╮
//	●  ●              ● ─╮ │        but   ● ───╮
//	●─╮●                                  ●─╮  ●
//	● ●                                   ● ●
func (f *forest) lanes() int {
	taken := newSkyline(f.all)
	width := 0
	// place puts n, what goes straight on from it, and then all branches of those. It
	// leaves room for the branches before it knows where they go.
	var place func(n *treeNode, from block.Height, after int)
	place = func(n *treeNode, from block.Height, after int) {
		col := max(after, taken.above(from, n.top))
		width = max(width, col+1)
		var trunk []*treeNode
		for ; ; n = n.kids[0] {
			n.col = col
			trunk = append(trunk, n)
			if len(n.kids) == 0 {
				break
			}
		}
		taken.raise(from, n.Height, col+1) // in the way of others is the line itself
		for _, t := range slices.Backward(trunk) {
			for _, k := range t.kids[min(1, len(t.kids)):] {
				place(k, t.Height, col+1)
			}
		}
	}
	for _, r := range f.roots {
		place(r, r.Height, 0)
	}
	return width
}

// skyline is how many columns are taken at each height, as a segment tree: both methods take
// a number of steps that grows with the logarithm of the number of heights.
type skyline struct {
	heights []block.Height // that occur, ascending
	most    []int          // of the heights below each vertex of the segment tree
	least   []int          // of what was raised for all heights below a vertex at once
}

func newSkyline(all []*treeNode) *skyline { // all by height
	s := &skyline{}
	for _, n := range all {
		if k := len(s.heights); k == 0 || s.heights[k-1] != n.Height {
			s.heights = append(s.heights, n.Height)
		}
	}
	s.most, s.least = make([]int, 4*len(s.heights)), make([]int, 4*len(s.heights))
	return s
}

// span returns the indexes of two heights.
func (s *skyline) span(from, to block.Height) (int, int) {
	i, _ := slices.BinarySearch(s.heights, from)
	j, _ := slices.BinarySearch(s.heights, to)
	return i, j
}

// above returns the lowest column that is free from one height to another.
func (s *skyline) above(from, to block.Height) int {
	i, j := s.span(from, to)
	return s.query(1, 0, len(s.heights)-1, i, j)
}

// raise takes all columns below to from one height to another.
func (s *skyline) raise(from, to block.Height, columns int) {
	i, j := s.span(from, to)
	s.update(1, 0, len(s.heights)-1, i, j, columns)
}

func (s *skyline) query(at, low, high, i, j int) int {
	switch {
	case j < low || high < i:
		return 0
	case i <= low && high <= j:
		return s.most[at]
	}
	mid := (low + high) / 2
	return max(s.least[at], s.query(2*at, low, mid, i, j), s.query(2*at+1, mid+1, high, i, j))
}

func (s *skyline) update(at, low, high, i, j, columns int) {
	if j < low || high < i {
		return
	}
	s.most[at] = max(s.most[at], columns)
	if i <= low && high <= j {
		s.least[at] = max(s.least[at], columns)
		return
	}
	mid := (low + high) / 2
	s.update(2*at, low, mid, i, j, columns)
	s.update(2*at+1, mid+1, high, i, j, columns)
}

// Lanes gives the blocks of a growing tree lanes that never change: the columns that Write
// would use for the tree as it was at first, and for each later block its parent's lane, or if
// something is there already, the first one that is free from the parent's height on.
type Lanes struct {
	of   map[block.Hash]int
	ends []laneEnd // by lane
}

// laneEnd is the highest block in a lane.
type laneEnd struct {
	hash   block.Hash
	height block.Height
}

// NewLanes lays out a tree.
func NewLanes(in Tree) *Lanes {
	f := grow(in)
	l := &Lanes{of: make(map[block.Hash]int, len(f.all)), ends: make([]laneEnd, f.lanes())}
	for i := range l.ends {
		l.ends[i].height = -1
	}
	for _, n := range f.all {
		l.of[n.Hash] = n.col
		l.ends[n.col] = laneEnd{n.Hash, n.Height}
	}
	return l
}

// Add returns the lane of a block, which it assigns if the block is new. parent is the next
// block of the tree below it, at this height; a block without a known parent begins another
// tree.
func (l *Lanes) Add(hash, parent block.Hash, height, parentHeight block.Height) int {
	if lane, known := l.of[hash]; known {
		return lane
	}
	lane, known := l.of[parent]
	if !known {
		parentHeight = height
	}
	if !known || l.ends[lane].hash != parent {
		for lane = min(lane+1, len(l.ends)); lane < len(l.ends) && l.ends[lane].height >= parentHeight; {
			lane++
		}
	}
	if lane == len(l.ends) {
		l.ends = append(l.ends, laneEnd{})
	}
	l.of[hash], l.ends[lane] = lane, laneEnd{hash, height}
	return lane
}
