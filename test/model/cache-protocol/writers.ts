import { at, type Steps } from '../explorer.js';
import type { CacheProtocol } from './protocol.js';
import {
  COMMITTED,
  DUPLICATES,
  ENTRY,
  expose,
  holds,
  KEY,
  LEASE,
  NOTHING,
  put,
  W,
  WRITE,
  WRITER_NONCE,
  WRITERS,
} from './state.js';

/** The steps writer i can take. */
export function write(protocol: CacheProtocol, steps: Steps, i: number): void {
  const s = steps.state;
  const w = WRITERS + i * W.size;
  const pc = at(s, w);
  const version = at(s, w + W.version);
  const go = (to: number, label: string, change?: (next: Uint8Array) => void): void => {
    const next = steps.fork();
    next[w] = to;
    change?.(next);
    steps.take(`W# ${label} v#`, false, i, at(next, w + W.version));
  };
  const publishes = (to: number, label: string): void =>
    go(to, label, (next) => publish(protocol, next, version, at(s, w + W.nonce)));
  const answers = (to: number, label: string): void => go(to, label, (next) => expose(next, version));

  switch (pc) {
    case WRITE.start:
    case WRITE.deleted:
      // Writers are alike, so they start in order.
      if (pc === WRITE.start && i > 0 && s[w - W.size] === WRITE.start) return;
      if (pc === WRITE.start && protocol.deletesBeforeCommit === true) {
        go(WRITE.deleted, 'deletes', (next) => put(next, NOTHING, 0));
        return;
      }
      if (pc === WRITE.start && protocol.writerLeases === true) {
        leaseForWriter(protocol, steps, i);
        return;
      }
      go(WRITE.committed, 'commits', (next) => {
        next[COMMITTED] = at(s, COMMITTED) + 1;
        next[w + W.version] = at(next, COMMITTED);
      });
      return;
    case WRITE.committed:
      if (protocol.carelessWriter === 'answers first') {
        answers(WRITE.late, 'answers before it publishes');
        return;
      }
      if (protocol.carelessWriter !== undefined) answers(WRITE.answered, 'answers without publishing');
      publishes(WRITE.published, 'publishes');
      if (protocol.carelessWriter === undefined) go(WRITE.dead, 'is killed after');
      return;
    case WRITE.late:
      publishes(WRITE.answered, 'publishes late');
      return;

    case WRITE.published:
      answers(WRITE.answered, 'answers');
      return;

    case WRITE.answered:
      if (at(s, DUPLICATES) === 0 || protocol.carelessWriter === 'cannot reach Redis') return;
      go(WRITE.repeated, 'has a second message arrive,', (next) => {
        publish(protocol, next, version, at(s, w + W.nonce));
        next[DUPLICATES] = 0;
      });
      return;
    case WRITE.dead:
      publishes(WRITE.published, 'is retried by key elsewhere and publishes');
      return;
  }
}

function publish(protocol: CacheProtocol, s: Uint8Array, version: number, nonce: number): void {
  const entry = holds(protocol, s, ENTRY);
  const newer = entry && at(s, KEY + 2) < version;
  switch (protocol.publish) {
    case 'set':
      put(s, ENTRY, version);
      return;

    case 'delete':
      put(s, NOTHING, 0);
      return;

    case 'set if newer':
      if (!entry || newer) put(s, ENTRY, version);
      return;
    case 'update only':
      if (newer) put(s, ENTRY, version);
      return;
    case 'update or delete':
      if (newer) put(s, ENTRY, version);
      else if (!entry) {
        if (nonce !== 0 && holds(protocol, s, LEASE) && s[KEY + 2] === nonce) put(s, ENTRY, version);
        else put(s, NOTHING, 0);
      }
  }
}

function leaseForWriter(protocol: CacheProtocol, steps: Steps, i: number): void {
  const s = steps.state;
  const next = steps.fork();
  const w = WRITERS + i * W.size;
  next[w] = WRITE.deleted;
  if (holds(protocol, s, LEASE)) next[w + W.nonce] = at(s, KEY + 2);
  else if (!holds(protocol, s, ENTRY)) {
    next[w + W.nonce] = WRITER_NONCE + i;
    put(next, LEASE, WRITER_NONCE + i);
  }
  steps.take('W# takes the lease, nonce #', false, i, at(next, w + W.nonce));
}
