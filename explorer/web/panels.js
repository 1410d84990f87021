// Figures of the nodes, the links between them, and charts with the same figures as tables.

import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import htm from 'htm';
import uPlot from 'uplot';

const html = htm.bind(h);
const count = (n) => (n ?? 0).toLocaleString('en');

function Nodes({ facts, nodes }) {
  return html`<section><h2>Nodes</h2><div class="wide" tabindex="0" role="region" aria-label="figures of the nodes"><table><thead><tr>${['node', 'peers', 'hashes/s', 'mines', 'mempool', 'bytes', 'fees', 'memory'].map((t) => html`<th scope="col">${t}</th>`)}</tr></thead>
    <tbody>${nodes.map((n) => { const f = facts[n.name]; return html`<tr key=${n.name}><th scope="row">${n.name}</th>${f
      ? html`<td>${f.peers.length}</td><td>${count(Math.round(f.hashrate))}</td><td>${f.mining ? 'yes' : 'no'}</td><td>${f.mempool}</td><td>${count(f.bytes)}</td><td>${f.fees}</td><td>${count(f.memory)}</td>`
      : html`<td colspan="7">no figures</td>`}</tr>`; })}</tbody></table></div></section>`;
}

// Links draws the nodes on a circle, a line for each connection, and a shape for each group.
function Links({ facts, nodes, groups }) {
  const r = 84, at = new Map(nodes.map((n, i) => [n.name, [110 + r * Math.sin((2 * Math.PI * i) / nodes.length), 105 - r * Math.cos((2 * Math.PI * i) / nodes.length)]]));
  const lines = new Map();
  for (const n of nodes) for (const p of facts[n.name]?.peers ?? []) if (at.has(p)) lines.set([n.name, p].sort().join(' '), [n.name, p]);
  const group = (name) => groups.findIndex((g) => g.split(',').includes(name));
  const text = groups.length ? `cut: ${groups.join(' | ')}` : 'no partition';
  return html`<section><h2>Links</h2><svg class="links" viewBox="0 0 220 215" role="img" aria-label=${`${lines.size} connections, ${text}`}>
    ${[...lines.values()].map(([a, b]) => html`<line key=${a + b} x1=${at.get(a)[0]} y1=${at.get(a)[1]} x2=${at.get(b)[0]} y2=${at.get(b)[1]} />`)}
    ${nodes.map((n) => { const [cx, cy] = at.get(n.name), g = group(n.name); return html`<g key=${n.name} class=${`${n.state} group${g}`}>
      ${g === 1 ? html`<rect x=${cx - 12} y=${cy - 12} width="24" height="24" />` : g === 2 ? html`<path d=${`M${cx} ${cy - 15}L${cx + 15} ${cy + 11}H${cx - 15}Z`} />` : html`<circle cx=${cx} cy=${cy} r="13" />`}
      <text x=${cx} y=${cy + 4} text-anchor="middle">${n.name}</text></g>`; })}</svg><p>${lines.size} connections, ${text}.</p></section>`;
}

// Chart draws a series with uPlot, and has it as a table.
function Chart({ title, unit, xs, ys }) {
  const place = useRef(null), plot = useRef(null);
  useEffect(() => {
    const ink = getComputedStyle(document.body).color, line = getComputedStyle(document.body).getPropertyValue('--best');
    plot.current = new uPlot({ width: Math.min(360, place.current.clientWidth || 320), height: 150, legend: { show: false }, scales: { x: { time: false } }, cursor: { show: false },
      axes: [{ stroke: ink }, { stroke: ink, size: 54 }], series: [{}, { stroke: line, width: 2, points: { show: true } }] }, [xs, ys], place.current);
    return () => plot.current.destroy();
  }, []);
  useEffect(() => { plot.current.setData([xs, ys]); });
  return html`<section><h2>${title}</h2><div ref=${place} aria-hidden="true" class="chart"></div>
    <details><summary>the same as a table</summary><div class="wide" tabindex="0" role="region" aria-label=${title}><table><thead><tr><th scope="col">height</th><th scope="col">${unit}</th></tr></thead>
    <tbody>${xs.map((v, i) => html`<tr key=${v}><td>${v}</td><td>${ys[i]}</td></tr>`)}</tbody></table></div></details></section>`;
}

// difficultyOf returns the difficulty of compact bits, relative to Bitcoin's easiest target.
function difficultyOf(bits) {
  const n = parseInt(bits, 16), exponent = n >>> 24, mantissa = n & 0x7fffff;
  return mantissa ? (0xffff / mantissa) * 256 ** (0x1d - exponent) : 0;
}

// spread measures how long blocks took from their first node to each other one, in ms.
function spread(store) {
  const first = new Map(), delays = [];
  for (const e of store.events.slice(0, store.shown)) {
    if (e.kind !== 'block') continue;
    const hash = e.blocks?.[0]?.hash;
    if (!first.has(hash)) first.set(hash, e.time_ms); else delays.push(e.time_ms - first.get(hash));
  }
  return delays.sort((a, b) => a - b);
}

function Figures({ store, chain, view }) {
  const whole = [...view.blocks.values()].filter((b) => b.height > 0 && b.txs > 0 && b.fate !== 'invalid');
  const stale = whole.filter((b) => b.fate === 'stale').length;
  const delays = spread(store), middle = delays[Math.floor(delays.length / 2)];
  const times = chain.map((b) => b.received_ms), span = times.length > 1 ? (times.at(-1) - times[0]) / (times.length - 1) : 0;
  const mean = delays.length ? delays.reduce((a, b) => a + b, 0) / delays.length : 0;
  const rows = [['blocks that are drawn', whole.length], ['stale of these', `${stale} (${whole.length ? (100 * stale / whole.length).toFixed(1) : 0} %)`],
    ['stale rate by theory', span && delays.length ? `${(100 * (1 - Math.exp(-mean / span))).toFixed(1)} % = 1 − exp(−delay / interval)` : 'not measured yet'],
    ['mean interval', span ? `${(span / 1000).toFixed(1)} s` : 'not measured yet'],
    ['propagation, median', delays.length ? `${middle} ms over ${delays.length} arrivals` : 'not measured yet'],
    ['propagation, slowest', delays.length ? `${delays.at(-1)} ms` : 'not measured yet']];
  return html`<section><h2>Propagation and stale blocks</h2><table><tbody>${rows.map(([k, v]) => html`<tr key=${k}><th scope="row">${k}</th><td>${v}</td></tr>`)}</tbody></table></section>`;
}

export function Panels({ store, view }) {
  const chain = [];
  for (let b = view.blocks.get(view.judges[0]?.tip); b && chain.length < 100; b = b.parent) { chain.unshift(b); if (b.folded) break; }
  const inner = chain.slice(1), xs = inner.map((b) => b.height);
  return html`<div class="panels">
    <${Nodes} facts=${store.facts} nodes=${view.nodes} />
    <${Links} facts=${store.facts} nodes=${view.nodes} groups=${store.state.groups} />
    <${Figures} store=${store} chain=${inner} view=${view} />
    ${xs.length > 1 && html`<${Chart} title="Interval between blocks" unit="seconds" xs=${xs} ys=${inner.map((b, i) => (b.received_ms - chain[i].received_ms) / 1000)} />`}
    ${xs.length > 1 && html`<${Chart} title="Difficulty" unit="difficulty" xs=${xs} ys=${inner.map((b) => Number(difficultyOf(b.bits).toPrecision(5)))} />`}
  </div>`;
}
