/**
 * What `kubectl apply -k` would send, for as much of Kustomize as the manifests of this project use: resources, images,
 * a namespace, and patches of RFC 6902. Anything else is refused, not passed over.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
export type JsonObject = Record<string, Json>;

/** One object of Kubernetes. */
export type Manifest = JsonObject & { apiVersion: string; kind: string; metadata: JsonObject & { name: string } };

interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly resources: readonly string[];
  readonly images?: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
  readonly patches?: readonly {
    readonly target: { readonly kind: string; readonly name: string };
    readonly patch: string;
  }[];
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: Json;
}

const KNOWN: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'namespace', 'resources', 'images', 'patches']);

/** The objects of a folder with a `kustomization.yaml`, in order. */
export function kustomized(folder: string): Manifest[] {
  const [kustomization] = documentsOf<Kustomization>(join(folder, 'kustomization.yaml'));
  if (kustomization === undefined) throw new Error(`${folder}/kustomization.yaml is empty`);
  const unknown = Object.keys(kustomization).filter((name) => !KNOWN.has(name));
  if (unknown.length > 0) throw new Error(`${folder}: ${unknown.join(', ')} is not known to the tests`);
  const { resources, patches = [], images = [], namespace } = kustomization;

  const manifests = resources.flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? kustomized(path) : documentsOf<Manifest>(path);
  });
  for (const { target, patch } of patches) {
    const targets = manifests.filter(({ kind, metadata }) => kind === target.kind && metadata.name === target.name);
    if (targets.length !== 1) throw new Error(`${folder}: a patch is for ${targets.length} objects`);
    for (const { op, path, value } of documentsIn<readonly Operation[]>(patch, folder)[0] ?? []) {
      apply(targets[0] as Manifest, op, path, value);
    }
  }
  for (const manifest of manifests) {
    if (namespace !== undefined) manifest.metadata['namespace'] = namespace;
    for (const container of containersOf(manifest)) {
      const image = images.find(({ name }) => name === container['image']);
      if (image !== undefined) container['image'] = `${image.newName}:${image.newTag}`;
    }
  }
  return manifests;
}

/** The containers of what runs pods. */
export function containersOf(manifest: Manifest): JsonObject[] {
  const containers = at(manifest, '/spec/template/spec/containers');
  return Array.isArray(containers) ? (containers as JsonObject[]) : [];
}

/** What is there, by a JSON pointer; undefined where nothing is. */
export function at(json: Json | undefined, pointer: string): Json | undefined {
  return partsOf(pointer).reduce<Json | undefined>((found, part) => {
    if (Array.isArray(found)) return found[Number(part)];
    return typeof found === 'object' && found !== null ? found[part] : undefined;
  }, json);
}

/** The documents of a file, which must be YAML to the letter. */
export function documentsOf<T>(path: string): T[] {
  return documentsIn<T>(readFileSync(path, 'utf8'), path);
}

/** The same of a text; `path` says where it is from. */
export function documentsIn<T>(text: string, path: string): T[] {
  return parseAllDocuments(text, { strict: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw new Error(`${path}: ${fault.message}`);
    return document.toJS() as T;
  });
}

function apply(manifest: Manifest, op: string, path: string, value: Json = null): void {
  const parts = partsOf(path);
  const last = parts.pop() ?? '';
  const parent = at(manifest, parts.map((part) => `/${part}`).join(''));
  const isThere = at(manifest, path) !== undefined;
  if (typeof parent !== 'object' || parent === null) throw new Error(`nothing is at ${path}`);
  if (op === 'add' && Array.isArray(parent) && last === '-') parent.push(value);
  else if (op === 'add' && !Array.isArray(parent)) parent[last] = value;
  else if (op === 'replace' && isThere) (parent as JsonObject)[last] = value;
  else throw new Error(`${op} ${path} cannot be done, or is not known to the tests`);
}

function partsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
