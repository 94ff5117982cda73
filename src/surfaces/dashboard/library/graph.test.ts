// What uses what, and where it is drawn.
import { describe, expect, it } from "vitest";
import { aFunction, aTool } from "../../../../test/helpers/catalogue.ts";
import { graphAround, libraryGraph, pictureOf } from "./graph.ts";

const named = <Item extends { name: string }>(...items: Item[]) => new Map(items.map((item) => [item.name, item]));
const library = {
  tools: named(
    aTool("report", { required_functions: ["total"], datasets: ["gone"] }),
    aTool("other", { required_functions: ["half"] }),
    aTool("alone"),
  ),
  functions: named(
    aFunction("total", { depends_on: ["half"] }),
    aFunction("half"),
    aFunction("unused", { depends_on: ["half"] }),
  ),
  datasets: new Map(),
};
const edgesOf = (graph: ReturnType<typeof libraryGraph>) =>
  graph.edges.map(({ from, to }) => `${from.name} → ${to.name}`);

describe("the library's graph", () => {
  it("has everything in use, and every call; datasets that are not there are left out", () => {
    const graph = libraryGraph(library);
    expect(graph.nodes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "tool report",
      "tool other",
      "tool alone",
      "function total",
      "function half",
      "function unused",
    ]);
    expect(edgesOf(graph)).toEqual(["report → total", "other → half", "total → half", "unused → half"]);
  });

  it("around one has all it needs and all that need it, and nothing beside", () => {
    expect(edgesOf(graphAround(library, { kind: "tool", name: "report" }))).toEqual(["report → total", "total → half"]);
    expect(edgesOf(graphAround(library, { kind: "function", name: "total" }))).toEqual([
      "report → total",
      "total → half",
    ]);
    expect(graphAround(library, { kind: "tool", name: "alone" })).toEqual({
      nodes: [{ kind: "tool", name: "alone" }],
      edges: [],
    });
  });

  it("is drawn with who uses left of what is used, nothing over another", () => {
    const { nodes, edges, width, height } = pictureOf(graphAround(library, { kind: "function", name: "half" }));
    const place = new Map(nodes.map((node) => [node.name, node]));
    for (const { from, to, points } of edges) {
      expect((place.get(from.name)?.x ?? 0) < (place.get(to.name)?.x ?? 0)).toBe(true);
      expect(points.length).toBeGreaterThan(1);
    }
    for (const [at, one] of nodes.entries()) {
      expect(one.x + one.width / 2).toBeLessThanOrEqual(width);
      expect(one.y + one.height / 2).toBeLessThanOrEqual(height);
      for (const other of nodes.slice(at + 1)) {
        const isApart =
          Math.abs(one.x - other.x) >= (one.width + other.width) / 2 ||
          Math.abs(one.y - other.y) >= (one.height + other.height) / 2;
        expect(`${one.name} ${other.name} ${isApart}`).toBe(`${one.name} ${other.name} true`);
      }
    }
  });
});
