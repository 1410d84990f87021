// The block tree as a picture: a row is a height, a lane a branch, time runs down. Blocks never
// leave their lanes; nodes stand on their tips and move with them.

import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import htm from 'htm';
import { short } from './state.js';

const html = htm.bind(h);

const laneWidth = 172, rowHeight = 74, left = 64, top = 18, card = { w: 150, h: 40 };
const drawAll = 600; // so many blocks are drawn at once; of more only those in sight
const foldFrom = 3, lastSteps = 2;

export const signs = { best: '●', stale: '○', 'headers-only': '◌', invalid: '✗' };

// noteworthy reports whether a block is drawn: at forks and ends, and shortly before them.
function noteworthy(b) {
  if (!b.parent || b.parent.children.length > 1 || b.parent.fate !== b.fate || b.tips.length) return true;
  for (let i = 0, n = b; i <= lastSteps; i++, n = n.children[0]) {
    if (n.children.length !== 1) return true;
  }
  return false;
}

// layOut returns the rows of the picture, and where each block is.
export function layOut(blocks, open) {
  const heights = new Map();
  for (const b of blocks.values()) {
    if (!heights.has(b.height)) heights.set(b.height, []);
    heights.get(b.height).push(b);
  }
  const all = [...heights.keys()].sort((a, b) => a - b);
  const rows = [], at = new Map();
  for (let i = 0; i < all.length;) {
    let j = i;
    while (j < all.length && !open.has(all[j]) && !heights.get(all[j]).some(noteworthy)) j++;
    const before = rows.length ? rows.at(-1).to + 1 : all[0];
    if (j - i < foldFrom) j = i;
    const to = j < all.length ? all[j] - 1 : all.at(-1);
    if (to >= before && i < all.length) rows.push({ fold: to - before + 1, from: before, to, heights: all.slice(i, j) });
    if (j < all.length) {
      for (const b of heights.get(all[j])) at.set(b.hash, rows.length);
      rows.push({ height: all[j], from: all[j], to: all[j], blocks: heights.get(all[j]) });
    }
    i = j + 1;
  }
  return { rows, at };
}

const x = (lane) => left + lane * laneWidth;
const y = (row) => top + row * rowHeight;

function age(ms, now) {
  const s = Math.max(0, Math.round((now - ms) / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}

export function describe(b) {
  const what = { best: 'on the best chain', stale: 'stale', 'headers-only': 'only its header is known', invalid: 'invalid' }[b.fate];
  const on = b.tips.length ? `, tip of ${b.tips.map((n) => n.name).join(' ')}` : '';
  return `block ${b.height} ${short(b.hash)}, ${what}, ${b.txs} ${b.txs === 1 ? 'transaction' : 'transactions'}` +
    `${b.height && b.miner ? `, mined by ${b.miner}` : ''}${on}`;
}

function BlockCard({ b, row, selected, focusable, onOpen, onKey, scope }) {
  return html`<g class=${`block ${b.fate} ${selected ? 'selected' : ''}`} data-hash=${b.hash} data-state=${b.fate} role="button"
      tabindex=${focusable ? 0 : -1} style=${{ transform: `translate(${x(b.lane)}px, ${y(row)}px)` }}
      onClick=${() => onOpen(b)} onKeyDown=${(e) => onKey(e, b)}>
    <title>${describe(b)}</title>
    <rect width=${card.w} height=${card.h} rx="6" />
    <text class="sign" x="8" y="17">${signs[b.fate]}</text>
    <text class="hash" x="24" y="17">${short(b.hash)}</text>
    <text class="more" x=${card.w - 8} y="17" text-anchor="end">${scope.label(b)}</text>
    <text class="more" x="8" y="33">${b.height === 0 ? 'genesis' : b.miner ? b.miner.slice(0, 14) : ''}</text>
    <text class="more" x=${card.w - 8} y="33" text-anchor="end">${b.txs ? `${b.txs} tx · ${b.size} B` : 'header only'}</text>
  </g>`;
}

function Edge({ b, at }) {
  const row = at.get(b.hash), p = b.parent;
  if (!p) return null;
  let from = at.get(p.hash);
  let up = p;
  while (from === undefined && up) { up = up.parent; from = up && at.get(up.hash); }
  if (from === undefined) return null;
  const x0 = x((up ?? p).lane) + 14, x1 = x(b.lane) + 14, y0 = y(from) + card.h, y1 = y(row);
  const bend = y0 + 24;
  const d = x0 === x1 ? `M${x0} ${y0}V${y1}` : `M${x0} ${y0}V${bend - 6}Q${x0} ${bend} ${x0 + Math.sign(x1 - x0) * 6} ${bend}H${x1 - Math.sign(x1 - x0) * 6}Q${x1} ${bend} ${x1} ${bend + 6}V${y1}`;
  return html`<path class=${`edge ${b.fate}`} d=${d} stroke-dasharray=${b.folded || up !== p ? '2 4' : undefined} />`;
}

// Markers are the nodes, each beside its tip.
function Markers({ view, at, onView, viewer }) {
  const place = new Map();
  return view.nodes.map((n) => {
    const row = at.get(n.tip), b = view.blocks.get(n.tip);
    const i = place.get(n.tip) ?? 0;
    place.set(n.tip, i + 1);
    if (row === undefined) return null;
    const wide = 10 + 7 * n.name.length + 10;
    const cx = x(b.lane) + 2 + (i % 4) * 37, cy = y(row) + card.h + 3 + Math.floor(i / 4) * 16;
    return html`<g key=${n.name} class=${`marker ${n.state} ${viewer === n.name ? 'selected' : ''}`} data-node=${n.name} data-tip=${n.tip}
        style=${{ transform: `translate(${cx}px, ${cy}px)` }} onClick=${() => onView(n.name)}>
      <title>${`${n.name}: ${n.state}, its best chain ends in block ${n.height} ${short(n.tip)}`}</title>
      <rect width=${Math.min(wide, 36)} height="15" rx="7" />
      <text x="7" y="11">${n.state === 'up' ? '▲' : n.state === 'paused' ? '‖' : '×'}${n.name}</text>
    </g>`;
  });
}

// Tree draws the picture, and an overview of all of it beside it.
export function Tree({ view, selected, onOpen, viewer, onView, label, now }) {
  const [open, setOpen] = useState(new Set());
  const box = useRef(null), overview = useRef(null), stuck = useRef(true);
  const [sight, setSight] = useState({ y: 0, x: 0, h: 900, w: 1400 });
  const { rows, at } = layOut(view.blocks, open);
  const lanes = Math.max(1, ...[...view.blocks.values()].map((b) => b.lane + 1));
  const width = x(lanes) + 10, height = y(rows.length) + 30;
  const few = view.blocks.size <= drawAll;
  const first = few ? 0 : Math.max(0, Math.floor((sight.y - top) / rowHeight) - 2);
  const last = few ? rows.length : Math.ceil((sight.y + sight.h) / rowHeight) + 2;
  const inSight = (b) => few || (x(b.lane) > sight.x - 2 * laneWidth && x(b.lane) < sight.x + sight.w + laneWidth);
  const drawn = rows.slice(first, last).flatMap((r) => (r.blocks ?? []).filter(inSight));

  const look = () => {
    const e = box.current;
    stuck.current = e.scrollTop + e.clientHeight > e.scrollHeight - 40;
    setSight({ y: e.scrollTop, x: e.scrollLeft, h: e.clientHeight, w: e.clientWidth });
  };
  useLayoutEffect(() => { if (stuck.current) box.current.scrollTop = height; }, [height]);
  useEffect(() => drawOverview(overview.current, view, at, rows.length, lanes, sight, { width, height }));

  const goTo = (b) => {
    if (!b) return;
    onOpen(b);
    const e = box.current, row = at.get(b.hash);
    if (row !== undefined && (y(row) < e.scrollTop || y(row) + rowHeight > e.scrollTop + e.clientHeight)) e.scrollTop = y(row) - e.clientHeight / 2;
    requestAnimationFrame(() => box.current?.querySelector(`[data-hash="${b.hash}"]`)?.focus());
  };
  const shownFrom = (b, step) => { let n = step(b); while (n && !at.has(n.hash)) n = step(n); return n; };
  const onKey = (e, b) => {
    const row = rows[at.get(b.hash)].blocks.slice().sort((p, q) => p.lane - q.lane), i = row.indexOf(b);
    const go = {
      ArrowUp: () => shownFrom(b, (n) => n.parent), ArrowDown: () => shownFrom(b, (n) => n.children[0]),
      ArrowLeft: () => row[i - 1], ArrowRight: () => row[i + 1],
      Home: () => rows.find((r) => r.blocks)?.blocks[0], End: () => view.blocks.get(view.judges[0]?.tip),
      Enter: () => { onOpen(b, true); }, ' ': () => b,
    }[e.key];
    if (!go) return;
    e.preventDefault();
    goTo(go());
  };
  const focusable = (view.blocks.get(selected) && at.has(selected) ? selected : view.judges[0]?.tip);

  return html`<div class="tree">
    <div class="scroll" ref=${box} onScroll=${look}>
      <svg width=${width} height=${height} role="group" aria-label="block tree; arrow keys go to the parent, a child and siblings, Home to genesis, End to the tip">
        ${rows.slice(first, last).map((r, i) => r.fold
          ? html`<${Fold} key=${`f${r.from}`} r=${r} row=${first + i} onOpen=${() => setOpen(new Set([...open, ...r.heights]))} />`
          : html`<text class="height" key=${`h${r.height}`} x=${left - 14} y=${y(first + i) + 25} text-anchor="end">${r.height}</text>`)}
        ${drawn.map((b) => html`<${Edge} key=${`e${b.hash}`} b=${b} at=${at} />`)}
        ${drawn.map((b) => html`<${BlockCard} key=${b.hash} b=${b} row=${at.get(b.hash)} selected=${b.hash === selected} focusable=${b.hash === focusable}
          onOpen=${onOpen} onKey=${onKey} scope=${{ label: (q) => label === 'work' ? workOf(q) : age(q.received_ms, now) }} />`)}
        <${Markers} view=${view} at=${at} onView=${onView} viewer=${viewer} />
      </svg>
    </div>
    <canvas class="overview" ref=${overview} width="72" height="400" aria-hidden="true" onClick=${(e) => {
      box.current.scrollTop = (e.offsetY / e.target.clientHeight) * height - box.current.clientHeight / 2;
    }}></canvas>
  </div>`;
}

function Fold({ r, row, onOpen }) {
  const text = `${r.fold} ${r.fold === 1 ? 'block' : 'blocks'}`;
  const can = r.heights.length > 0;
  return html`<g class="fold" style=${{ transform: `translate(${left}px, ${y(row)}px)` }} role=${can ? 'button' : undefined} tabindex=${can ? 0 : undefined}
      onClick=${can && onOpen} onKeyDown=${(e) => { if (can && e.key === 'Enter') onOpen(); }}>
    <text x="22" y="25">${text}${can ? ' (show)' : ''}</text></g>`;
}

// workOf returns a block's accumulated work as a power of two.
function workOf(b) {
  const n = BigInt(`0x${b.work}`);
  return n ? `2^${(n.toString(2).length - 1)}` : '';
}

// drawOverview draws every block as a dot: what is in sight has a frame.
function drawOverview(canvas, view, at, rows, lanes, sight, size) {
  const c = canvas.getContext('2d'), style = getComputedStyle(canvas);
  canvas.height = canvas.clientHeight || 400;
  const sx = canvas.width / Math.max(lanes, 4), sy = canvas.height / Math.max(rows, 1);
  c.clearRect(0, 0, canvas.width, canvas.height);
  const paint = { best: style.getPropertyValue('--best'), stale: style.getPropertyValue('--faint'), invalid: style.getPropertyValue('--bad'), 'headers-only': style.getPropertyValue('--faint') };
  for (const b of view.blocks.values()) {
    const row = at.get(b.hash);
    if (row === undefined) continue;
    c.fillStyle = paint[b.fate];
    c.fillRect(b.lane * sx + 1, row * sy, Math.max(1, Math.min(sx - 1, 6)), Math.max(1, Math.min(sy - 1, 6)));
  }
  c.strokeStyle = style.getPropertyValue('--ink');
  c.strokeRect(0.5, (sight.y / size.height) * canvas.height + 0.5, canvas.width - 1, Math.min(1, sight.h / size.height) * canvas.height - 1);
}

