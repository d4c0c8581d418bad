/** Lines that count, to be pasted elsewhere. */
export const SNIPPETS = { curl: 'curl', typescript: 'TypeScript', python: 'Python', redis: 'redis-cli' } as const;
export type Language = keyof typeof SNIPPETS;

interface Subject {
  readonly name: string;
  /** Of the service, without a slash at the end. */
  readonly url: string;
  readonly withKey: boolean;
}

/** Where whoever pastes it puts their key. */
const KEY = 'YOUR_KEY';

/** For a shell: nothing in single quotes means anything, but a single quote. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export function snippetOf(language: Language, { name, url, withKey }: Subject): string {
  const address = `${url}/v1/counters/${encodeURIComponent(name).replaceAll("'", '%27')}/increment`;
  switch (language) {
    case 'curl':
      return [`curl -X POST '${address}'`, ...(withKey ? [`  -H 'Authorization: Bearer ${KEY}'`] : [])].join(' \\\n');
    case 'typescript':
      return [
        `import { Evercount } from 'evercount-client';`,
        '',
        `const counters = new Evercount({ url: ${JSON.stringify(url)}${withKey ? `, apiKey: '${KEY}'` : ''} });`,
        `const { value } = await counters.increment(${JSON.stringify(name)});`,
      ].join('\n');
    case 'python':
      return [
        'import json, urllib.request, uuid',
        '',
        // Sent again under the same key it counts once.
        `headers = {"Idempotency-Key": str(uuid.uuid4())${withKey ? `, "Authorization": "Bearer ${KEY}"` : ''}}`,
        `request = urllib.request.Request("${address}", method="POST", headers=headers)`,
        'print(json.load(urllib.request.urlopen(request))["value"])',
      ].join('\n');
    case 'redis':
      return [
        '# Where RESP_PORT is set; 6380 with npm start.',
        `redis-cli -h ${new URL(url).hostname} -p 6380 ${withKey ? `-a ${KEY} ` : ''}INCR ${quoted(name)}`,
      ].join('\n');
  }
}
