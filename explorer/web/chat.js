// What is said on the chain. A message that is sent from here is shown at once (prediction); the
// network's answer replaces it (correction); and messages can be put in the order in which they
// were written instead of that of the chain (compensation).

import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import htm from 'htm';
import { carryOut, fill, offered } from './controls.js';

const html = htm.bind(h);
const signs = { pending: '◌', confirmed: '●', 'taken-back': '○' };
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
const shortAs = (from) => (from.length > 20 ? `${from.slice(0, 6)}…${from.slice(-4)}` : from);

// stateOf returns what a message is for one node or, without one, for all that know it.
function stateOf(m, viewer, nodes) {
  if (viewer) return m.on[viewer];
  const up = nodes.filter((n) => n.state === 'up' && m.on[n.name]).map((n) => m.on[n.name]);
  const all = up.length ? up : Object.values(m.on);
  return ['confirmed', 'pending', 'taken-back'].find((s) => all.includes(s));
}

// apart says what nodes do not agree on, '' if they do.
function apart(m, nodes) {
  const up = nodes.filter((n) => n.state === 'up');
  const by = new Map();
  for (const n of up) { const s = m.on[n.name] ?? 'unknown'; by.set(s, [...by.get(s) ?? [], n.name]); }
  return by.size > 1 ? [...by].map(([s, names]) => `${s} on ${names.join(' ')}`).join(', ') : '';
}

function Line({ m, viewer, nodes, late }) {
  const state = stateOf(m, viewer, nodes), other = viewer ? '' : apart(m, nodes);
  return html`<li data-message=${m.id} data-state=${state} class=${`message ${state}`}>
    <span class="when">${clock(m.time_ms)}</span> <b title=${m.address}>${shortAs(m.from)}</b>: <span class="text">${m.text}</span>${' '}<span class="fate">${signs[state]} ${state}${state === 'confirmed' && m.height >= 0 ? ` by block ${m.height}` : ''}${other && `; ${other}`}${late ? '; written before the line above' : ''}</span></li>`;
}

export function Chat({ store, viewer, nodes }) {
  const [control, setControl] = useState(null);
  const [own, setOwn] = useState([]); // sent from here, and not seen yet
  const [written, byTime] = useState(false);
  const [values, setValues] = useState({ text: '', from: 'alice', node: '' });
  useEffect(() => { offered().then((list) => setControl(list.find((c) => c.verb === 'chat') ?? null), () => {}); }, []);
  const all = [...store.state.chat.values()].filter((m) => stateOf(m, viewer, nodes));
  const place = (m) => (m.height < 0 ? Infinity : m.height);
  const list = all.map((m, i) => ({ m, i })).sort((a, b) => (written ? a.m.time_ms - b.m.time_ms : (place(a.m) === place(b.m) ? 0 : place(a.m) - place(b.m))) || a.i - b.i).map((x) => x.m);
  const now = { ...values, node: values.node || nodes[0]?.name || '' };
  const said = (p) => [...store.present.chat.values()].find((m) => m.text === p.text && m.time_ms >= p.at - 1000);
  const waiting = store.at === null ? own.filter((p) => !said(p)) : [];
  for (const p of own) { // how long the prediction stood, once
    if (!p.seen && said(p)) p.seen = Math.round(performance.now() - p.began);
  }
  const measured = own.findLast((p) => p.seen);
  if (list.length === 0 && !control) return null;
  const send = (e) => {
    e.preventDefault();
    const p = { text: now.text.trim(), from: now.from, at: Date.now(), began: performance.now(), key: Math.random() };
    if (!p.text) return;
    setOwn((o) => [...o.slice(-50), p]);
    setValues({ ...values, text: '' });
    carryOut('chat', { ...now, text: p.text }).catch((err) => { p.refused = err.message; setOwn((o) => [...o]); });
  };
  return html`<section class="chat" aria-labelledby="chat-title"><h2 id="chat-title">Chat on the chain</h2>
    <div class="wide" role="log" aria-live="polite" aria-label="chat" tabindex="0"><ol>
      ${list.map((m, i) => html`<${Line} key=${m.id} m=${m} viewer=${viewer} nodes=${nodes} late=${!written && i > 0 && m.time_ms < list[i - 1].time_ms} />`)}
      ${waiting.map((p) => html`<li key=${p.key} class=${`message ${p.refused ? 'refused' : 'sending'}`} data-state=${p.refused ? 'refused' : 'sending'}>
        <span class="when">${clock(p.at)}</span> <b>${p.from}</b>: <span class="text">${p.text}</span>${' '}<span class="fate">${p.refused ? `✗ not sent: ${p.refused}` : '… sending'}</span></li>`)}
    </ol></div>
    <label><input type="checkbox" checked=${written} onChange=${(e) => byTime(e.target.checked)} /> as written, instead of the chain's order</label>
    ${measured && html`<p class="lag">A node had the last message ${measured.seen} ms after it was shown here.</p>`}
    ${control && html`<form class="say" onSubmit=${send}>
      <label>message <input name="message" maxlength="1100" value=${values.text} onInput=${(e) => setValues({ ...values, text: e.target.value })} /></label>${' '}
      <label>from wallet <input name="speaker" size="7" value=${values.from} onInput=${(e) => setValues({ ...values, from: e.target.value })} /></label>${' '}
      <label>node <select name="at" value=${now.node} onChange=${(e) => setValues({ ...values, node: e.target.value })}>${nodes.map((n) => html`<option key=${n.name} value=${n.name}>${n.name}</option>`)}</select></label>${' '}
      <button data-verb="chat" disabled=${store.at !== null}>${control.label}</button> <code>${fill(control.command, now)}</code></form>`}
  </section>`;
}
