import { counterOfLine } from './counter-row.js';

it('a line brings a name as it is, whatever it holds', () => {
  for (const name of ['page:/home', 'a\tb\nc', '\\', '"', '\u{1F600}', '\\"', 'null', '']) {
    const counter = {
      name,
      value: -5,
      version: 7,
      min: null,
      max: 9,
      expiresAt: null,
      createdAt: 'then',
      updatedAt: 'now',
    };
    // As Postgres' to_json writes it.
    expect(counterOfLine(`${JSON.stringify(name)}\t-5\t7\t\t9\t\tthen\tnow`)).toEqual(counter);
  }
});
