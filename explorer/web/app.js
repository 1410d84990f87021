// The page: the tree, what happened in words, the nodes, and the slider that goes back in time.

import { h, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import htm from 'htm';
import { Store, follow, look, pageOf, short } from './state.js';
import { Tree, describe, signs } from './tree.js';
import { Panels } from './panels.js';
import { Controls } from './controls.js';
import { Chat } from './chat.js';
import { isLab } from './lab.js';

const html = htm.bind(h);
const store = new Store();
const hasLab = document.querySelector('meta[name=haslab]') !== null;

function clock(ms) { return new Date(ms).toLocaleTimeString([], { hour12: false }) + '.' + String(ms % 1000).padStart(3, '0'); }

function Tips({ view, onOpen, viewer, onView }) {
  return html`<table class="tips">
    <caption>The nodes and their tips</caption>
    <thead><tr><th scope="col">node</th><th scope="col">height</th><th scope="col">tip</th><th scope="col">state</th><th scope="col">view</th></tr></thead>
    <tbody>${view.nodes.map((n) => {
      const b = view.blocks.get(n.tip);
      return html`<tr key=${n.name} data-node=${n.name} data-tip=${n.tip} class=${n.state}>
        <th scope="row">${n.name}</th><td class="number">${n.height}</td>
        <td><a href=${pageOf(store, n.tip)} onClick=${(e) => { if (b) { e.preventDefault(); onOpen(b); } }}>${short(n.tip)}</a></td>
        <td>${n.state}${b ? ` ${signs[b.fate]} ${b.fate}` : ''}</td>
        <td><button type="button" aria-pressed=${viewer === n.name} onClick=${() => onView(n.name)}>as ${n.name}</button></td>
      </tr>`;
    })}</tbody></table>`;
}

// seldom returns what make drew last, if that was just now, and draws again soon: figures need not
// follow every frame while the slider is dragged.
const drawn = { at: -Infinity, node: null, timer: 0 };
function seldom(make) {
  const wait = 250 - (performance.now() - drawn.at);
  if (wait <= 0) {
    drawn.at = performance.now();
    drawn.node = make();
  } else if (!drawn.timer) {
    drawn.timer = setTimeout(() => { drawn.timer = 0; store.changed(); }, wait);
  }
  return drawn.node;
}

function Slider() {
  const n = store.events.length, shown = store.shown, e = store.events[shown - 1];
  const text = n === 0 ? 'nothing has happened yet' : shown === 0 ? 'before the first event' : `event ${shown} of ${n}, ${clock(e.time_ms)}`;
  return html`<div class="slider">
    <label for="moment">moment</label>
    <input id="moment" type="range" min="0" max=${n} value=${shown} aria-valuetext=${text} onInput=${(ev) => store.show(Number(ev.target.value))} />
    <output for="moment">${text}</output>
    <button type="button" id="present" disabled=${store.at === null} onClick=${() => store.show(null)}>${store.live ? 'present' : 'end'}</button>
  </div>`;
}

const lines = 100; // of the log that are shown

function EventLog() {
  const last = store.events.slice(Math.max(0, store.shown - lines), store.shown).reverse();
  const first = store.shown;
  return html`<section class="log" aria-labelledby="log-title">
    <h2 id="log-title">What happened</h2>
    <div class="wide" role="log" aria-live="polite" aria-label="what happened" tabindex="0"><ol reversed>${last.map((e, i) => html`<li key=${e.seq} class=${e.kind} data-kind=${e.kind}>
      <button type="button" class="when" title="show this moment" onClick=${() => store.show(first - i)}>${clock(e.time_ms)}</button>
      ${' '}<b>${e.node || 'all'}</b>${' '}<span>${e.text}</span></li>`)}</ol></div>
  </section>`;
}

function Details({ b }) {
  if (!b) return html`<section class="details"><h2>Block</h2><p>Choose a block: click it, or use the arrow keys.</p></section>`;
  const rows = [['height', b.height], ['hash', html`<code>${b.hash}</code>`], ['state', `${signs[b.fate]} ${b.fate}`],
    ['parent', html`<code>${short(b.prev)}</code>`], ['arrived', clock(b.received_ms)], ['miner', b.miner || 'says nothing'],
    ['transactions', b.txs || 'not here'], ['size', `${b.size} bytes`], ['difficulty bits', b.bits], ['work', html`<code>${b.work.replace(/^0+/, '')}</code>`]];
  return html`<section class="details" aria-live="polite"><h2>Block ${b.height}</h2>
    <p>${describe(b)}</p>
    <dl>${rows.map(([k, v]) => html`<div key=${k}><dt>${k}</dt><dd>${v}</dd></div>`)}</dl>
    ${pageOf(store, b.hash) && html`<p><a href=${pageOf(store, b.hash)}>every field explained</a></p>`}</section>`;
}

function App() {
  const [, again] = useState(0);
  const [selected, select] = useState(null);
  const [viewer, setViewer] = useState(null);
  const [label, setLabel] = useState('age');
  const [link, setLink] = useState('connecting');
  useEffect(() => {
    const f = () => again((n) => n + 1);
    store.listeners.add(f);
    follow(store, setLink);
    return () => store.listeners.delete(f);
  }, []);
  const view = look(store.state, viewer);
  const onView = (name) => setViewer(viewer === name ? null : name);
  const onOpen = (b, page) => { if (page && pageOf(store, b.hash)) location.assign(pageOf(store, b.hash)); else select(b.hash); };
  return html`
    <header>
      <h1>toychain explorer</h1>
      <p class="source">${store.source}</p>
      <p class="link" role="status">${link}${viewer ? `; the network as ${viewer} knows it` : ''}</p>
      ${hasLab && html`<p><a href="lab/">eight nodes in this browser</a></p>`}
      ${isLab && html`<form><label for="seed">seed</label> <input id="seed" name="seed" size="6" inputmode="numeric" value=${new URLSearchParams(location.search).get('seed') ?? '1'} /> <button>start anew</button></form>`}
      ${!store.pages && !isLab && html`<form action="find" role="search"><label for="q">find</label> <input id="q" name="q" placeholder="height, hash, txid, address" /></form>`}
    </header>
    <main>
      <div class="stage">
        <${Slider} />
        ${store.state.groups.length > 0 && html`<p class="cut"><b>cut</b> ${store.state.groups.join(' | ')}</p>`}
        <p class="choices"><label><input type="checkbox" checked=${label === 'work'} onChange=${(e) => setLabel(e.target.checked ? 'work' : 'age')} /> work instead of age</label>
          <span class="legend">${Object.entries(signs).map(([k, s]) => `${s} ${k}`).join('   ')}   ▲ node</span></p>
        <${Tree} view=${view} selected=${selected} onOpen=${onOpen} viewer=${viewer} onView=${onView} label=${label} now=${isLab ? Math.max(0, ...Object.values(store.facts).map((f) => f.time_ms)) : Date.now()} />
      </div>
      <aside>
        <${Tips} view=${view} onOpen=${onOpen} viewer=${viewer} onView=${onView} />
        <${EventLog} />
        <${Chat} store=${store} viewer=${viewer} nodes=${view.nodes} />
        <${Details} b=${view.blocks.get(selected)} />
        <${Controls} view=${view} live=${store.at === null} />
      </aside>
      ${seldom(() => html`<${Panels} store=${store} view=${view} />`)}
    </main>`;
}

const place = document.getElementById('app');
place.replaceChildren();
render(html`<${App} />`, place);
