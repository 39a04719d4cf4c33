import { expect, test } from "bun:test";
import { Grid } from "../../static/charts/grid.ts";

const answer = (...values: [number, string][]) => ({ metric: {}, values });

test("a grid has a place for each step of its span", () => {
  const grid = new Grid(10_400, 30_900, 5000);
  expect(grid.times()).toEqual([15, 20, 25, 30]);
  grid.merge("a", answer([20, "1.5"], [30, "2"]), 1);
  expect(grid.columns.get("a")).toEqual([null, 1.5, null, 2]);
});

test("what is not finite is a gap", () => {
  const grid = new Grid(0, 10_000, 5000);
  grid.merge("a", answer([0, "NaN"], [5, "+Inf"], [10, "1"]), 1);
  expect(grid.columns.get("a")).toEqual([null, null, 1]);
});

test("a mirrored series is turned over", () => {
  const grid = new Grid(0, 5000, 5000);
  grid.merge("a", answer([0, "3"], [5, "4"]), -1);
  expect(grid.columns.get("a")).toEqual([-3, -4]);
});

test("sliding drops what falls out, keeps the rest and forgets series that ended", () => {
  const grid = new Grid(0, 15_000, 5000);
  grid.merge("old", answer([0, "1"]), 1);
  grid.merge("new", answer([0, "1"], [10, "2"], [15, "3"]), 1);
  grid.slideTo(22_000);
  expect(grid.times()).toEqual([5, 10, 15, 20]);
  expect([...grid.columns]).toEqual([["new", [null, 2, 3, null]]]);
  grid.slideTo(21_000);
  expect(grid.end).toBe(20_000);
});

test("later answers replace what they cover", () => {
  const grid = new Grid(0, 15_000, 5000);
  grid.merge("a", answer([0, "1"], [5, "2"], [10, "3"], [15, "4"]), 1);
  grid.clearFrom(10_000);
  grid.merge("a", answer([10, "7"]), 1);
  expect(grid.columns.get("a")).toEqual([1, 2, 7, null]);
});

test("a slide beyond its own length leaves nothing", () => {
  const grid = new Grid(0, 15_000, 5000);
  grid.merge("a", answer([0, "1"]), 1);
  grid.slideTo(3_600_000);
  expect([grid.end, grid.columns.size]).toEqual([3_600_000, 0]);
});
