// What the page can change on a test network. Each control shows the command line that does the
// same; the server carries out that very command.

import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import htm from 'htm';

import * as lab from './lab.js';

const html = htm.bind(h);
const token = document.querySelector('meta[name=token]')?.content ?? '';

export const fill = (command, values) => command.replace(/\{(\w+)\}/g, (_, k) => (k === 'text' && values[k] ? quote(values[k]) : values[k] || k.toUpperCase()));
const quote = (s) => `'${s.replaceAll("'", `'\\''`)}'`; // as a shell wants it

let asked; // once for the whole page

// offered returns what can be changed.
export function offered() {
  if (lab.isLab) return lab.offered();
  asked ??= token ? fetch('api/controls').then((r) => r.json()) : Promise.resolve([]);
  return asked;
}

export async function carryOut(verb, values) {
  if (lab.isLab) return lab.carryOut(verb, values);
  const answer = await fetch('api/do', {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Toychain-Token': token },
    body: JSON.stringify({ verb, values }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

export function Controls({ view, live }) {
  const [list, setList] = useState([]);
  const [said, say] = useState('');
  const [busy, setBusy] = useState(false);
  const [node, setNode] = useState('');
  const [values, setValues] = useState({ blocks: '1', rate: '20000', delay: '200ms', loss: '0%', other: '', amount: '1', from: 'alice', to: 'bob' });
  const [plan, setPlan] = useState({});
  useEffect(() => {
    offered().then(setList, (e) => say(String(e)));
  }, []);
  if (list.length === 0) return null;
  const names = view.nodes.map((n) => n.name);
  const half = Math.ceil(names.length / 2);
  const groupOf = (n, i) => plan[n] ?? (i < half ? 1 : 2);
  const cut = [1, 2, 3].map((g) => names.filter((n, i) => groupOf(n, i) === g).join(',')).filter(Boolean);
  const now = { ...values, node: node || names[0], other: values.other || names.find((n) => n !== (node || names[0])) || '', groups: cut.join(' ') };
  const run = async (c) => {
    setBusy(true);
    say(fill(c.command, now));
    try { await carryOut(c.verb, now); say(`done: ${fill(c.command, now)}`); } catch (e) { say(e.message); }
    setBusy(false);
  };
  const button = (c) => html`<div class="control" key=${c.verb}>
    <button type="button" data-verb=${c.verb} disabled=${busy || !live} onClick=${() => run(c)}>${c.label}</button> <code>${fill(c.command, now)}</code></div>`;
  const field = (name, text, size) => html`<label>${text} <input name=${name} size=${size} value=${values[name]}
    onInput=${(e) => setValues({ ...values, [name]: e.target.value })} /></label> `;
  const of = (kind) => list.filter((c) => c.of === kind);
  const choose = (value, set, text) => html`<label>${text} <select value=${value} onChange=${(e) => set(e.target.value)}>
    ${names.map((n) => html`<option key=${n} value=${n}>${n}</option>`)}</select></label> `;
  return html`<section class="controls" aria-labelledby="controls-title">
    <h2 id="controls-title">Change the network</h2>
    ${!live && html`<p>Go to the present to change something.</p>`}
    <fieldset><legend>a node</legend>
      ${choose(now.node, setNode, 'node')} ${field('blocks', 'blocks', 3)} ${field('rate', 'hashes a second', 7)} ${of('node').map(button)}</fieldset>
    <fieldset><legend>the network</legend>
      <div class="groups">${[1, 2, 3].map((g) => html`<div key=${g} class="group" onDragOver=${(e) => e.preventDefault()}
          onDrop=${(e) => { e.preventDefault(); setPlan({ ...plan, [e.dataTransfer.getData('text/plain')]: g }); }}>
        <span>group ${g}</span>${names.filter((n, i) => groupOf(n, i) === g).map((n) => html`<button key=${n} type="button" class="chip" draggable="true"
          title="drag it into another group, or click" onDragStart=${(e) => e.dataTransfer.setData('text/plain', n)}
          onClick=${() => setPlan({ ...plan, [n]: (g % 3) + 1 })}>${n}</button>`)}</div>`)}</div>
      ${of('network').map(button)}</fieldset>
    <fieldset><legend>a link</legend>${choose(now.other, (v) => setValues({ ...values, other: v }), 'from the node above to')}
      ${field('delay', 'delay', 6)} ${field('loss', 'loss', 5)} ${of('link').map(button)}</fieldset>
    ${of('payment').length > 0 && html`<fieldset><legend>a payment</legend>${field('from', 'from wallet', 8)} ${field('to', 'to wallet', 8)} ${field('amount', 'coins', 6)}
      ${of('payment').map(button)}</fieldset>`}
    <p role="status" class="said">${said}</p>
  </section>`;
}
