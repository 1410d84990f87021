// The state of the network at any moment is a fold of the events up to it. state.js keeps the
// events that the server sent, and the state at the moment that is shown; it draws nothing.

import { isLab, start } from './lab.js';

const checkpointEvery = 500, maxSaid = 500, maxFigures = 600;

export class Store {
  constructor() {
    this.source = '';
    this.live = false;
    this.events = [];
    this.seq = 0;
    this.facts = {};
    this.figures = []; // of all nodes, one a second
    this.answers = { asked: 0, got: 0 };
    this.at = null; // how many events are shown; null: all, and those to come
    this.listeners = new Set();
    this.begin({ blocks: [], nodes: [], groups: [] });
  }

  begin(base) {
    this.checkpoints = [{ n: 0, state: fold({ blocks: new Map(), nodes: new Map(), groups: [], chat: new Map() }, base) }];
    this.present = copy(this.checkpoints[0].state);
    this.past = null;
  }

  // snapshot begins anew. The moment that is shown stays, if the log still has it.
  snapshot(s) {
    const shown = this.at === null ? null : this.events[this.at - 1]?.seq;
    this.source = s.source;
    this.pages = s.pages && new Set(s.pages);
    this.live = s.live;
    this.begin(s.base);
    this.events = [];
    for (const e of s.events) this.add(e);
    this.seq = s.seq;
    if (shown !== null) {
      const i = this.events.findIndex((e) => e.seq === shown);
      this.show(i < 0 ? null : i + 1);
    }
    this.changed();
  }

  change(e) {
    if (e.seq <= this.seq) return;
    this.seq = e.seq;
    this.add(e);
    this.changed();
  }

  add(e) {
    this.events.push(e);
    fold(this.present, e);
    if (this.events.length % checkpointEvery === 0) {
      this.checkpoints.push({ n: this.events.length, state: copy(this.present) });
    }
  }

  // figuresOf takes the figures of the nodes that answered.
  figuresOf(facts) {
    this.facts = facts;
    const all = Object.values(facts), t = Math.max(0, ...all.map((f) => f.time_ms));
    if (t - (this.figures.at(-1)?.t ?? 0) >= 1000) {
      this.figures.push({ t, fees: Math.max(...all.map((f) => f.fees)), txs: Math.max(...all.map((f) => f.mempool)) });
      if (this.figures.length > maxFigures) this.figures.shift();
      this.answers.asked += this.present.nodes.size;
      this.answers.got += all.length;
    }
    this.changed();
  }

  // show goes to the moment after n events; null: to the present.
  show(n) {
    this.at = n === null || n >= this.events.length && this.live ? null : Math.max(0, n);
    if (this.at !== null) {
      const from = this.checkpoints.findLast((c) => c.n <= this.at);
      this.past = copy(from.state);
      for (let i = from.n; i < this.at; i++) fold(this.past, this.events[i]);
    }
    this.changed();
  }

  get state() { return this.at === null ? this.present : this.past; }
  get shown() { return this.at === null ? this.events.length : this.at; }

  // changed tells the listeners, once for all changes of one frame.
  changed() {
    if (this.asked) return;
    this.asked = true;
    const tell = () => { this.asked = false; for (const f of this.listeners) f(); };
    if (document.hidden) setTimeout(tell, 50); else requestAnimationFrame(tell);
  }
}

function copy(s) { return { blocks: new Map(s.blocks), nodes: new Map(s.nodes), groups: s.groups, chat: new Map(s.chat) }; }

function fold(s, e) {
  for (const b of e.blocks ?? []) s.blocks.set(b.hash, b);
  for (const n of e.nodes ?? []) s.nodes.set(n.name, n);
  if (e.groups) s.groups = e.groups;
  for (const m of e.chat ?? []) s.chat.set(m.id, m);
  for (const id of s.chat.keys()) { if (s.chat.size <= maxSaid) break; s.chat.delete(id); }
  return s;
}

export const under = (b) => (b.folded ? b.under : b.prev);
export const short = (hash) => { const at = hash.search(/[^0]/); return (at < 0 ? hash : hash.slice(Math.min(at, 56))).slice(0, 8); };
export const knows = (b, node) => Math.floor(b.known / 2 ** node.bit) % 2 === 1;

// look derives what is drawn: the fate of each block, as all nodes see it or as one does, and its
// children.
export function look(state, viewer) {
  const nodes = [...state.nodes.values()].sort((a, b) => a.bit - b.bit);
  const one = viewer && state.nodes.get(viewer);
  const running = nodes.filter((n) => n.state === 'up');
  const judges = one ? [one] : running.length ? running : nodes;
  const blocks = new Map();
  for (const b of state.blocks.values()) {
    if (!one || knows(b, one)) blocks.set(b.hash, { ...b, children: [], tips: [], fate: fateOf(b) });
  }
  for (const n of judges) {
    for (let b = blocks.get(n.tip); b && b.fate !== 'best'; b = blocks.get(under(b))) b.fate = 'best';
  }
  const roots = [];
  for (const b of blocks.values()) {
    b.parent = blocks.get(under(b));
    if (b.parent) b.parent.children.push(b); else roots.push(b);
  }
  for (const b of blocks.values()) b.children.sort((x, y) => (x.lane === b.lane ? -1 : y.lane === b.lane ? 1 : x.lane - y.lane));
  for (const n of nodes) blocks.get(n.tip)?.tips.push(n);
  return { blocks, roots, nodes, judges };
}

function fateOf(b) {
  if (b.invalid) return 'invalid';
  return b.txs === 0 ? 'headers-only' : 'stale';
}

// pageOf returns the address of a block's page: the server has one for each block, an exported
// site for some.
export function pageOf(store, hash) {
  if (!store.pages) return `block/${hash}`;
  return store.pages.has(hash) ? `block/${hash}.html` : undefined;
}

// follow keeps the store up to date with the server's stream. The browser connects again by
// itself, and says which event it had last. An exported site has a file instead.
export function follow(store, onState) {
  if (isLab) {
    start(store, onState).catch((e) => onState(`the nodes do not run: ${e.message}`));
    return;
  }
  const file = document.querySelector('meta[name=static]')?.content;
  if (file) {
    fetch(file).then((r) => r.json()).then((s) => { store.snapshot(s); onState('a recording'); }, (e) => onState(String(e)));
    return;
  }
  const stream = new EventSource('api/events');
  stream.addEventListener('snapshot', (e) => store.snapshot(JSON.parse(e.data)));
  stream.addEventListener('change', (e) => store.change(JSON.parse(e.data)));
  stream.addEventListener('facts', (e) => store.figuresOf(JSON.parse(e.data)));
  stream.addEventListener('open', () => onState('connected'));
  stream.addEventListener('error', () => onState('the server does not answer; trying again'));
}
