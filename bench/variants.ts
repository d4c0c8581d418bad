/** The service beside itself: several workloads, each in two to four ways. */
import type { Contest } from './contest.js';
import { type Entrant, type Field, service, serviceApart, serviceWith, serviceWithNursery } from './entrants.js';
import { BATCH_ITEMS, type Workload } from './load/workload.js';
import { HOT, keyed, MANY, of, SKEWED } from './workloads.js';

/** What several processes are measured by. */
const SHARED: readonly (readonly [string, Workload])[] = [
  ['one hot counter', of('increment', HOT)],
  ['10,000 counters', of('increment', MANY)],
  ['cached reads', of('read', HOT)],
];

export function variants(field: Field): Contest[] {
  return [
    {
      key: 'flushed',
      title: 'Every workload, while Redis is flushed every second',
      about: 'Two services that have seen the same; one loses its cache once a second. Shares are of the row above.',
      judged: false,
      side: true,
      entrants: flushed(field),
    },
    {
      key: 'instances',
      title: 'One, two and four instances',
      about:
        'The connections are shared out; all processes, one generator for each instance too, share the cores of this ' +
        'machine. Shares are of one instance.',
      judged: false,
      side: true,
      tearDown: () => field.arena.endFurtherInstances(),
      entrants: instances(field),
    },
    {
      key: 'lanes',
      title: 'One, two and four lanes',
      about: 'Batches of different counters are committed at once (`WRITE_LANES`). Shares are of one lane.',
      judged: false,
      side: true,
      entrants: lanes(field),
    },
    {
      key: 'buckets',
      title: '1, 4, 16 and 64 buckets',
      about:
        'A database each; as many lanes commit at once as do by themselves where so many `BUCKETS` are said: 4 at most. ' +
        'Shares are of one bucket.',
      judged: false,
      connections: [64, 512],
      long: true,
      entrants: buckets(field),
    },
    {
      key: 'workers',
      title: 'One process, two instances, and workers',
      about:
        'Two instances share the connections out, and each commits for itself; workers answer, and one process more ' +
        'commits for them. All share the cores of this machine with the generator. Shares are of one process.',
      judged: false,
      side: true,
      tearDown: () => field.arena.endFurtherInstances(),
      entrants: workers(field),
    },
    {
      key: 'nursery',
      title: 'A large nursery and a small one',
      about:
        "The image lets V8's young generation grow to 64 MiB a half; Node's own limit is 16. Shares are of the row above.",
      judged: false,
      side: true,
      entrants: nurseries(field),
    },
    {
      key: 'traced',
      title: 'Traces wanted by nobody, of some requests, and of all',
      about: 'Where the traces go to nobody listens. Shares are of the row without traces.',
      judged: false,
      side: true,
      entrants: traced(field),
    },
  ];
}

/** Each workload as it is, and with a cache that is lost all the time. */
function flushed(field: Field): Entrant[] {
  const workloads: [string, Workload][] = [
    ['one hot counter', of('increment', HOT)],
    ['10,000 counters', of('increment', MANY)],
    ['10,000 counters, a key each', keyed(of('increment', MANY))],
    ['a million counters, Zipf', of('increment', SKEWED)],
    ['nine reads to one increment', of('mixed', MANY)],
    [`${BATCH_ITEMS} in a request`, of('batch', MANY)],
  ];
  return workloads.flatMap(([label, workload]) => {
    const key = `service: ${label}`;
    const undisturbed = { key, label, base: key };
    const disturbed = { key: `service, flushed: ${label}`, label: `${label}, flushed`, base: key };
    return [serviceApart(field, workload, undisturbed, false), serviceApart(field, workload, disturbed, true)];
  });
}

function lanes(field: Field): Entrant[] {
  const workloads: [string, Workload][] = [
    ['10,000 counters', of('increment', MANY)],
    [`10,000 counters, ${BATCH_ITEMS} in a request`, of('batch', MANY)],
  ];
  return workloads.flatMap(([label, workload]) =>
    [1, 2, 4].map((count) => {
      const way = count === 1 ? 'one lane' : `${count} lanes`;
      const described = { key: `${way}: ${label}`, label: `${label}, ${way}`, base: `one lane: ${label}` };
      return serviceWith(field, workload, described, way, { environment: { WRITE_LANES: String(count) } });
    }),
  );
}

function buckets(field: Field): Entrant[] {
  const workloads: (readonly [string, Workload])[] = [
    ...SHARED.filter(([, { operation }]) => operation === 'increment'),
    [`10,000 counters, ${BATCH_ITEMS} in a request`, of('batch', MANY)],
  ];
  return workloads.flatMap(([label, workload]) =>
    [1, 4, 16, 64].map((count) => {
      const way = count === 1 ? '1 bucket' : `${count} buckets`;
      const described = { key: `${way}: ${label}`, label: `${label}, ${way}`, base: `1 bucket: ${label}` };
      // Room for what all clients bring at once.
      const environment = { BUCKETS: String(count), MAX_QUEUED_WRITES: '100000' };
      return serviceWith(field, workload, described, way, { environment });
    }),
  );
}

function nurseries(field: Field): Entrant[] {
  const workloads: [string, Workload][] = [
    ['one hot counter', of('increment', HOT)],
    ['10,000 counters', of('increment', MANY)],
    [`${BATCH_ITEMS} in a request`, of('batch', MANY)],
  ];
  return workloads.flatMap(([label, workload]) => {
    const key = `large nursery: ${label}`;
    const small = { key: `small nursery: ${label}`, label: `${label}, 16 MiB`, base: key };
    return [
      serviceWithNursery(field, workload, { key, label, base: key }, true),
      serviceWithNursery(field, workload, small, false),
    ];
  });
}

/** Traces wanted by nobody, of no request, of one in a hundred, and of all; where they go to nobody listens. */
function traced(field: Field): Entrant[] {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
  const ways: [string, Record<string, string>][] = [
    ['no traces', {}],
    ['none sampled', { ...endpoint, OTEL_TRACES_SAMPLER: 'always_off' }],
    [
      'one in a hundred',
      { ...endpoint, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' },
    ],
    ['all traced', { ...endpoint, OTEL_TRACES_SAMPLER: 'always_on' }],
  ];
  const workloads: [string, Workload][] = [
    ['one hot counter', of('increment', HOT)],
    ['cached reads', of('read', HOT)],
  ];
  return workloads.flatMap(([label, workload]) =>
    ways.map(([way, environment]) => {
      const described = { key: `${way}: ${label}`, label: `${label}, ${way}`, base: `no traces: ${label}` };
      return serviceWith(field, workload, described, way, { environment });
    }),
  );
}

function workers(field: Field): Entrant[] {
  return SHARED.flatMap(([label, workload]) => {
    const base = `one process: ${label}`;
    const described = (way: string) => ({ key: `${way}: ${label}`, label: `${label}, ${way}`, base });
    const withWorkers = (count: number): Entrant =>
      serviceWith(field, workload, described(`WORKERS=${count}`), `workers ${count}`, {
        environment: { WORKERS: String(count) },
      });
    return [
      service(field, workload, described('one process')),
      service(field, workload, described('two instances'), 2),
      withWorkers(2),
      withWorkers(4),
    ];
  });
}

function instances(field: Field): Entrant[] {
  return SHARED.flatMap(([label, workload]) =>
    [1, 2, 4].map((count) => {
      const described = {
        key: `service x ${count}: ${label}`,
        label: `${label}, ${count === 1 ? 'one instance' : `${count} instances`}`,
      };
      return service(field, workload, { ...described, base: `service x 1: ${label}` }, count);
    }),
  );
}
