import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { HttpSettings } from '../config/config.js';
import { inlineHash } from '../web/inline-hash.js';

/** The same folder from the sources, as tests run them, and from the build. */
const FOLDER = new URL('../../dist/dashboard/page/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** In order of preference: the first that the client takes. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

export interface PageFile {
  readonly type: string;
  /** Strong, in quotes; one for each encoding. */
  readonly etag: string;
  readonly encoding: 'br' | 'gzip' | null;
  readonly body: Buffer;
  /** Of the scripts that stand in it, as a policy names what may run: `'sha256-…'`. */
  readonly scripts: readonly string[];
}

interface Stored {
  readonly variants: readonly Variant[];
  readonly scripts: PageFile['scripts'];
}

interface Variant {
  readonly encoding: PageFile['encoding'];
  readonly etag: string;
  readonly body: Buffer;
}

/**
 * The files of the built page, in memory: they are few, and none is large. Not by `@fastify/static`: it cannot write a path
 * into the page where the service is mounted below one, and its tags are weak.
 */
@Injectable()
export class PageFiles {
  private files: Promise<ReadonlyMap<string, Stored>> | null = null;

  constructor(private readonly settings: HttpSettings) {}

  /**
   * @param name as it is in the folder of the page, without a path
   * @param acceptEncoding the header of the request, if there is one
   * @returns null where there is no such file
   */
  async find(name: string, acceptEncoding: string | undefined): Promise<PageFile | null> {
    const stored = (await this.load()).get(name);
    if (stored === undefined) return null;
    const { variants, scripts } = stored;
    const taken = new Set((acceptEncoding ?? '').split(',').map((part) => part.split(';', 1)[0]?.trim()));
    const variant = variants.find(({ encoding }) => encoding === null || taken.has(encoding));
    return variant === undefined
      ? null
      : { ...variant, scripts, type: TYPES[extname(name)] ?? 'application/octet-stream' };
  }

  private async load(): Promise<ReadonlyMap<string, Stored>> {
    this.files ??= readAll(this.settings.basePath);
    const files = await this.files;
    // The page may be built while a developer's service runs.
    if (files.size === 0) this.files = null;
    return files;
  }
}

async function readAll(basePath: string): Promise<ReadonlyMap<string, Stored>> {
  const folder = fileURLToPath(FOLDER);
  const names = await readdir(folder).catch((): string[] => []);
  const files = new Map<string, Stored>();
  for (const name of names.filter((found) => extname(found) in TYPES)) {
    const plain = { encoding: null, ending: '' } as const;
    const compressed = ENCODINGS.map(([encoding, ending]) => ({ encoding, ending }));
    const variants = [...compressed, plain].map(async ({ encoding, ending }): Promise<Variant> => {
      const body = await bodyOf(name, ending, basePath);
      return { encoding, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
    });
    const text = extname(name) === '.html' ? await readFile(new URL(name, FOLDER), 'utf8') : '';
    files.set(name, { variants: await Promise.all(variants), scripts: hashesOf(text) });
  }
  return files;
}

/** What stands between the tags alone: a script that is fetched has nothing there. */
function hashesOf(html: string): readonly string[] {
  const scripts = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script = '']) => script);
  return scripts.map(inlineHash);
}

/** The page says where its parts are; below a path it says so of that path, and is packed anew. */
async function bodyOf(name: string, ending: '' | '.br' | '.gz', basePath: string): Promise<Buffer> {
  if (basePath === '' || extname(name) !== '.html') return readFile(new URL(`${name}${ending}`, FOLDER));
  const text = await readFile(new URL(name, FOLDER), 'utf8');
  const body = Buffer.from(text.replaceAll('"/assets/', `"${basePath}/assets/`));
  switch (ending) {
    case '':
      return body;
    case '.br':
      return brotliCompressSync(body);
    case '.gz':
      return gzipSync(body);
  }
}
