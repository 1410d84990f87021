// Figures of the nodes, the links between them, and charts with the same figures as tables.

import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import htm from 'htm';
import uPlot from 'uplot';

const html = htm.bind(h);
const count = (n) => (n ?? 0).toLocaleString('en');

function Nodes({ facts, nodes }) {
  return html`<section><h2>Nodes</h2><div class="wide" tabindex="0" role="region" aria-label="figures of the nodes"><table><thead><tr>${['node', 'height', 'peers', 'hashes/s', 'mines', 'mempool', 'bytes', 'fees', 'memory'].map((t) => html`<th scope="col">${t}</th>`)}</tr></thead>
    <tbody>${nodes.map((n) => { const f = facts[n.name]; return html`<tr key=${n.name}><th scope="row">${n.name}</th><td>${n.height}</td>${f
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

const plain = (_, marks) => marks.map((v) => String(Number(v.toPrecision(5)))); // 0.0000153 is not 0

// Chart draws a series with uPlot, and has it as a table.
function Chart({ title, unit, x = 'height', xs, ys }) {
  const place = useRef(null), plot = useRef(null);
  useEffect(() => {
    const ink = getComputedStyle(document.body).color, line = getComputedStyle(document.body).getPropertyValue('--best');
    plot.current = new uPlot({ width: Math.min(360, place.current.clientWidth || 320), height: 150, legend: { show: false }, scales: { x: { time: false } }, cursor: { show: false },
      axes: [{ stroke: ink, values: plain }, { stroke: ink, size: 60, values: plain }], series: [{}, { stroke: line, width: 2, points: { show: true } }] }, [xs, ys], place.current);
    return () => plot.current.destroy();
  }, []);
  useEffect(() => { plot.current.setData([xs, ys]); });
  return html`<section><h2>${title}</h2><div ref=${place} aria-hidden="true" class="chart"></div>
    <details><summary>the same as a table</summary><div class="wide" tabindex="0" role="region" aria-label=${title}><table><thead><tr><th scope="col">${x}</th><th scope="col">${unit}</th></tr></thead>
    <tbody>${xs.map((v, i) => html`<tr key=${v}><td>${v}</td><td>${ys[i]}</td></tr>`)}</tbody></table></div></details></section>`;
}

// difficultyOf returns the difficulty of compact bits, relative to Bitcoin's easiest target.
function difficultyOf(bits) {
  const n = parseInt(bits, 16), exponent = n >>> 24, mantissa = n & 0x7fffff;
  return mantissa ? (0xffff / mantissa) * 256 ** (0x1d - exponent) : 0;
}

// The service levels of deploy/slo.toml: shares of events that must be good (a test compares them).
const targets = { propagation: [['p50', 0.5, 100], ['p95', 0.95, 500], ['p99', 0.99, 2000]], agreement: [['p95', 0.95, 15000]], stale: 0.1, availability: 0.99 };

// measure walks through the events until the moment that is shown: how long blocks took from their
// first node to each other one that it could reach, and how long the nodes took to agree after a heal.
let measured = { events: null };
function measure(store) {
  if (measured.events === store.events && measured.shown === store.shown) return measured;
  const first = new Map(), delays = [], heals = [], tips = new Map(), down = new Set();
  let cutUntil = -Infinity, cut = false, healed = null;
  for (const n of store.checkpoints[0].state.nodes.values()) tips.set(n.name, n.tip);
  for (const e of store.events.slice(0, store.shown)) {
    if (e.groups) {
      if (cut && e.groups.length === 0) { healed = e.time_ms; cutUntil = e.time_ms; }
      cut = e.groups.length > 0;
      if (cut) healed = null;
    }
    for (const n of e.nodes ?? []) { tips.set(n.name, n.tip); if (n.state === 'up') down.delete(n.name); else down.add(n.name); }
    if (e.kind === 'block') {
      const hash = e.blocks?.[0]?.hash;
      if (!first.has(hash)) first.set(hash, e.time_ms); else if (!cut && first.get(hash) > cutUntil && !down.has(e.node)) delays.push(Math.max(0, e.time_ms - first.get(hash)));
    }
    if (healed !== null && new Set([...tips].filter(([name]) => !down.has(name)).map(([, tip]) => tip)).size === 1) { heals.push(Math.max(0, e.time_ms - healed)); healed = null; }
  }
  const up = (a, b) => a - b;
  measured = { events: store.events, shown: store.shown, delays: delays.sort(up), heals: heals.sort(up) };
  return measured;
}

// within returns the share of sorted times that are at most a limit; at the time that a share takes.
const within = (list, ms) => list.filter((t) => t <= ms).length / list.length;
const at = (list, share) => list[Math.max(0, Math.ceil(share * list.length) - 1)];
const percent = (x) => `${(100 * x).toFixed(1)} %`;

function shares(view) {
  const whole = [...view.blocks.values()].filter((b) => b.height > 0 && b.txs > 0 && b.fate !== 'invalid');
  return { whole: whole.length, stale: whole.filter((b) => b.fate === 'stale').length };
}

function Figures({ store, chain, view }) {
  const { delays } = measure(store), { whole, stale } = shares(view);
  const times = chain.map((b) => b.received_ms), span = times.length > 1 ? (times.at(-1) - times[0]) / (times.length - 1) : 0;
  const mean = delays.length ? delays.reduce((a, b) => a + b, 0) / delays.length : 0;
  const rows = [['blocks that are drawn', whole], ['stale of these', `${stale} (${whole ? percent(stale / whole) : '0 %'})`],
    ['stale rate by theory', span && delays.length ? `${percent(1 - Math.exp(-mean / span))} = 1 − exp(−delay / interval)` : 'not measured yet'],
    ['mean interval', span ? `${(span / 1000).toFixed(1)} s` : 'not measured yet'],
    ['propagation, median', delays.length ? `${at(delays, 0.5)} ms over ${delays.length} arrivals` : 'not measured yet'],
    ['propagation, slowest', delays.length ? `${delays.at(-1)} ms` : 'not measured yet']];
  return html`<section><h2>Propagation and stale blocks</h2><table><tbody>${rows.map(([k, v]) => html`<tr key=${k}><th scope="row">${k}</th><td>${v}</td></tr>`)}</tbody></table></section>`;
}

// Levels compares what was measured with the service levels.
function Levels({ store, view }) {
  const { delays, heals } = measure(store), { whole, stale } = shares(view), answers = store.answers;
  const timed = (name, list, [key, share, ms]) => [`${name} ${key} within ${ms} ms`, list.length ? `${at(list, share)} ms` : '', list.length ? within(list, ms) >= share : null];
  const rows = [...targets.propagation.map((t) => timed('propagation', delays, t)), ...targets.agreement.map((t) => timed('agreement after a heal', heals, t)),
    [`stale at most ${percent(targets.stale)}`, whole ? percent(stale / whole) : '', whole ? stale / whole <= targets.stale : null],
    ...(answers.asked ? [[`nodes answer at least ${percent(targets.availability)}`, percent(answers.got / answers.asked), answers.got / answers.asked >= targets.availability]] : [])];
  return html`<section class="levels"><h2>Service levels</h2><table><thead><tr><th scope="col">target</th><th scope="col">measured</th><th scope="col">met</th></tr></thead>
    <tbody>${rows.map(([k, v, met]) => html`<tr key=${k}><th scope="row">${k}</th><td>${v || 'not yet'}</td><td>${met === null ? '' : met ? '✓ yes' : '✗ no'}</td></tr>`)}</tbody></table></section>`;
}

// Mempools charts what waits in the mempools of all nodes, as long as the page is open.
function Mempools({ store }) {
  const list = store.figures;
  if (list.length < 2) return null;
  const xs = list.map((f) => Math.round((f.t - list[0].t) / 1000));
  return html`<${Chart} title="Fees in the fullest mempool" unit="coins" x="seconds" xs=${xs} ys=${list.map((f) => f.fees)} />
    <${Chart} title="Transactions in the fullest mempool" unit="transactions" x="seconds" xs=${xs} ys=${list.map((f) => f.txs)} />`;
}

function Propagation({ store }) {
  const { delays } = measure(store), n = Math.min(delays.length, 50);
  if (n < 2) return null;
  const share = Array.from({ length: n }, (_, i) => (i + 1) / n), points = new Map(share.map((p) => [at(delays, p), Math.round(100 * p)]));
  return points.size > 1 ? html`<${Chart} title="Propagation: arrivals within a time" unit="%" x="ms" xs=${[...points.keys()]} ys=${[...points.values()]} />` : null;
}

export function Panels({ store, view }) {
  const chain = [];
  for (let b = view.blocks.get(view.judges[0]?.tip); b && chain.length < 100; b = b.parent) { chain.unshift(b); if (b.folded) break; }
  const inner = chain.slice(1), xs = inner.map((b) => b.height);
  return html`<div class="panels">
    <${Nodes} facts=${store.facts} nodes=${view.nodes} />
    <${Links} facts=${store.facts} nodes=${view.nodes} groups=${store.state.groups} />
    <${Figures} store=${store} chain=${inner} view=${view} />
    <${Levels} store=${store} view=${view} />
    <${Mempools} store=${store} />
    <${Propagation} store=${store} />
    ${xs.length > 1 && html`<${Chart} title="Interval between blocks" unit="seconds" xs=${xs} ys=${inner.map((b, i) => (b.received_ms - chain[i].received_ms) / 1000)} />`}
    ${xs.length > 1 && html`<${Chart} title="Difficulty" unit="difficulty" xs=${xs} ys=${inner.map((b) => Number(difficultyOf(b.bits).toPrecision(5)))} />`}
  </div>`;
}
