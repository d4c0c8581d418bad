/** How TypeScript becomes JavaScript, in the build, in tests and in programs that run it as it stands. Types are not looked at. */
export const TYPESCRIPT = {
  swcrc: false,
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};
