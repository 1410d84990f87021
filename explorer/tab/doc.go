// Package tab is networks of simulated nodes for the explorer's page: a script that was played, and
// eight nodes in a browser's tab, which the page's controls change.
//
//	script ──► virtual.World ──journals, actions──► explorer.Log     (Play)
//	page   ──► Tab: virtual.World ──what changed──► explorer.Told    (Answer)
//
// # What it knows
//
// Which verb of the page is which call of a world, and how what simulated nodes know becomes
// events. It builds for js/wasm: cmd/tab is this package and a function that a page calls.
//
// # What it must not know
//
// HTTP, processes, the wall clock. Its caller says how much virtual time passes.
//
// # Errors
//
// Those of a world, in words for the user.
package tab
