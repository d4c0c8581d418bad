/**
 * `node spectral.mjs FILE`: Spectral's findings in an OpenAPI document, as JSON. A program of its own: to load a hundred
 * packages takes Jest longer than the rules take.
 */
import { readFileSync } from 'node:fs';
import core from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';

const spectral = new core.Spectral();
spectral.setRuleset({
  extends: [[rulesets.oas, 'all']],
  rules: {
    // The licence has its identifier of SPDX; OpenAPI 3.1 takes that or an address, not both.
    'license-url': 'off',
    // Who runs a service is known to nobody here.
    'contact-properties': 'off',
    // Counters come first: they are what people look for.
    'openapi-tags-alphabetical': 'off',
  },
});
const findings = await spectral.run(JSON.parse(readFileSync(process.argv[2], 'utf8')));
console.log(JSON.stringify(findings.map(({ code, path, message }) => `${code} at ${path.join('/')}: ${message}`)));
