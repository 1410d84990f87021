// Nodes in this tab: the very node code, built for WebAssembly, in virtual time. The page gives it
// orders and gets answers; time passes as long as the page is looked at.

export const isLab = document.querySelector('meta[name=lab]') !== null;
const stepMS = 50;
let ask; // the running nodes

// start loads the nodes and hands over what they answer.
export async function start(store, onState) {
  const from = new URLSearchParams(location.search);
  const begun = performance.now();
  onState('loading the nodes');
  const ready = new Promise((done) => { globalThis.toychainReady = done; });
  const go = new globalThis.Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch('toychain-lab.wasm'), go.importObject);
  go.run(instance);
  await ready;
  const nodes = globalThis.toychainLab(from.get('seed') ?? '1', from.get('nodes') ?? '8');
  if (typeof nodes === 'string') throw new Error(nodes);
  const take = (a) => {
    if (a.snapshot) store.snapshot({ ...a.snapshot, pages: [] });
    for (const e of a.events) store.change(e);
    store.figuresOf(a.facts);
    return a;
  };
  const order = (o) => take(JSON.parse(nodes(JSON.stringify(o))));
  const first = order({});
  onState(`running; started in ${Math.round(performance.now() - begun)} ms`);
  ask(order, first.controls);
  setInterval(() => order({ step_ms: stepMS }), stepMS);
}

const running = new Promise((done) => { ask = (order, controls) => done({ order, controls }); });

// offered returns what can be changed; carryOut changes it.
export const offered = () => running.then((r) => r.controls);
export async function carryOut(verb, values) {
  const { order } = await running;
  const a = order({ verb, values });
  if (a.error) throw new Error(a.error);
}
