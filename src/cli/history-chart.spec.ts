import { expect, it } from '@jest/globals';
import { historyChart, narrowed } from './history-chart.js';

const point = (minute: number, delta: number, value: number) => ({
  at: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`,
  delta,
  value,
});

it('draws as many columns as there are points, between the lowest and the highest, and says when', () => {
  const lines = historyChart([point(0, 0, 5), point(1, 10, 15), point(2, 0, 15)], 'change', 80).split('\n');
  expect(lines).toHaveLength(12);
  expect(lines[0]).toMatch(/^ 10 ┼╭╮/);
  expect(lines[10]).toMatch(/^ {2}0 ┼╯╰/);
  expect(lines[11]).toBe('     2026-01-01T00:00Z to 2026-01-01T00:02Z');
});

it('draws one point, and numbers as large as they may be, in no more lines', () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(historyChart([point(0, 0, most)], 'value', 80).split('\n')).toHaveLength(2);
  const lines = historyChart([point(0, 0, -most), point(1, 1, most)], 'value', 80).split('\n');
  expect(lines.length).toBeLessThanOrEqual(13);
  expect(lines[0]).toContain(String(most));
});

it('fits into the columns there are', () => {
  const points = Array.from({ length: 2_000 }, (_, minute) => point(minute % 60, 1, minute));
  const lines = historyChart(points, 'change', 80).split('\n').slice(0, -1);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

it('adds changes up, and takes the last of values, where intervals share a column', () => {
  expect(narrowed([1, 2, 3, 4, 5], 'change', 2)).toEqual([6, 9]);
  expect(narrowed([1, 2, 3, 4, 5], 'value', 2)).toEqual([3, 5]);
  expect(narrowed([1, 2], 'change', 80)).toEqual([1, 2]);
});
