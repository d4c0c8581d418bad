import { inlineHash } from '../web/inline-hash.js';

const STYLE = `
  :root { color-scheme: light dark; font: 18px/1.5 system-ui, sans-serif; }
  body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem; }
  #state { font-size: 1.6rem; font-weight: 600; margin: 0 0 .5rem; }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1.5rem; }
  dd { margin: 0; text-align: end; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }`;

const SCRIPT = `
  const show = (id, text) => { document.getElementById(id).textContent = text; };
  async function look() {
    try {
      const key = sessionStorage.getItem('key');
      const answer = await fetch('v1/edge', { headers: key === null ? {} : { authorization: 'Bearer ' + key } });
      if (answer.status === 401) {
        const given = prompt('The key of this box');
        if (given !== null) sessionStorage.setItem('key', given);
        return;
      }
      const edge = await answer.json();
      const refused = edge.refused.reduce((sum, { items }) => sum + items, 0);
      const advice = [];
      if (edge.state === 'forked') advice.push('A copy of this box delivers under the same identity. Run "evercount edge resync --new-identity" here.');
      if (edge.state === 'lost') advice.push('The service was restored to a very old state. Run "evercount edge resync" here.');
      if (refused > 0) advice.push('"evercount edge status" says why some were refused.');
      if (edge.fault !== null) advice.push('Last try: ' + edge.fault);
      if (edge.disk !== null) advice.push(edge.disk + ' What was counted before is kept.');
      show('state', edge.disk !== null ? 'NOT counting: the disk takes nothing.'
        : edge.state !== 'counting' ? 'Counting. Delivery is stopped.'
        : edge.fault !== null ? 'Counting. Nothing can be delivered now; what is counted is kept.'
        : edge.waiting.items > 0 ? 'Counting. Delivering.' : 'Counting. All is delivered.');
      show('waiting', edge.waiting.increments.toLocaleString());
      show('delivered', edge.deliveredAt === null ? 'not since the start' : new Date(edge.deliveredAt).toLocaleString());
      show('refused', refused.toLocaleString());
      show('upstream', edge.upstream);
      show('id', edge.id);
      show('advice', advice.join(' '));
    } catch {
      show('state', 'This box does not answer. Is it running?');
    }
  }
  void look();
  setInterval(look, 2000);`;

/** Nothing but this very page. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src ${inlineHash(STYLE)}`,
  `script-src ${inlineHash(SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** One screen, for the person who stands beside the box: is it counting, what waits, what is to be done. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>evercount edge</title>
<style>${STYLE}</style>
<main>
  <h1>evercount edge</h1>
  <p id="state" role="status">Looking …</p>
  <dl>
    <dt>Waiting to be delivered</dt><dd id="waiting"></dd>
    <dt>Last delivered</dt><dd id="delivered"></dd>
    <dt>Refused</dt><dd id="refused"></dd>
    <dt>Service</dt><dd id="upstream"></dd>
    <dt>This box</dt><dd id="id"></dd>
  </dl>
  <p id="advice"></p>
</main>
<script>${SCRIPT}</script>
</html>
`;
