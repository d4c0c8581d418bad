/** MODEL=whole explores everything that fits into memory (minutes); without it, what takes seconds. */
export const WHOLE = process.env['MODEL'] === 'whole';
