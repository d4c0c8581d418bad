/** Counts a view of this page, once each time it is shown, and says how many there were. */
const { service, key } = document.currentScript.dataset;
const address = `${service}/v1/counters/${encodeURIComponent(`page:${location.pathname}`)}/increment`;

/** Sent again with the same id, a view that was counted before is not counted twice. */
const headers = { authorization: `Bearer ${key}`, 'idempotency-key': crypto.randomUUID() };

async function count(attempts) {
  const answer = await fetch(address, { method: 'POST', headers }).catch(() => null);
  if (answer?.ok) return (await answer.json()).value;
  if (attempts === 1) return 'unknown';
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return count(attempts - 1);
}

void count(3).then((views) => {
  document.getElementById('views').textContent = views;
});
