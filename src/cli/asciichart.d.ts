/** What of the package is used; it has no types of its own. */
declare module 'asciichart' {
  export function plot(
    series: readonly number[],
    options: { height: number; offset: number; format: (n: number) => string },
  ): string;
}
