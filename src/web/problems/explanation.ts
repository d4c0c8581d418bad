import { isProblemCode, PROBLEMS, ProblemError } from './problem.js';

/**
 * The page that `type` of a problem points to.
 *
 * @throws ProblemError `not_found`
 */
export function explanationOf(code: string): string {
  if (!isProblemCode(code)) throw new ProblemError('not_found', 'There is no problem of this name.');
  const { status, title, explanation } = PROBLEMS[code];
  return (
    `<!doctype html>\n<html lang="en">\n<title>${title}</title>\n<h1>${title}</h1>\n` +
    `<p>Status ${status}, code <code>${code}</code></p>\n<p>${explanation}</p>\n</html>\n`
  );
}
