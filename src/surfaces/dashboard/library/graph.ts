// What uses what: datasets, tools and functions as a graph, and where each stands in a picture of it. Pure.
import { Graph, layout } from "@dagrejs/dagre";
import type { Catalogue } from "../../../context.ts";
import { findDependants, toolUses } from "../../../features/jq-functions/jq-functions.ts";

export type NodeKind = "dataset" | "tool" | "function";

export interface Node {
  kind: NodeKind;
  name: string;
}

/** `from` reads or calls `to`. */
export interface Edge {
  from: Node;
  to: Node;
}

export interface Dependencies {
  nodes: readonly Node[];
  edges: readonly Edge[];
}

type Library = Pick<Catalogue, "tools" | "functions" | "datasets">;

const keyOf = ({ kind, name }: Node): string => `${kind} ${name}`;

/** Everything in use: each tool and function with what it calls, each tool with the datasets it reads that are there. */
export function libraryGraph({ tools, functions, datasets }: Library): Dependencies {
  const edges: Edge[] = [];
  for (const { name, required_functions, datasets: reads } of tools.values()) {
    const from: Node = { kind: "tool", name };
    for (const callee of required_functions) edges.push({ from, to: { kind: "function", name: callee } });
    for (const read of reads) if (datasets.has(read)) edges.push({ from, to: { kind: "dataset", name: read } });
  }
  for (const { name, depends_on } of functions.values()) {
    for (const callee of depends_on)
      edges.push({ from: { kind: "function", name }, to: { kind: "function", name: callee } });
  }
  const nodes: Node[] = [
    ...[...tools.keys()].map((name): Node => ({ kind: "tool", name })),
    ...[...functions.keys()].map((name): Node => ({ kind: "function", name })),
  ];
  return withNodesOf(nodes, edges);
}

/** A tool or function with all that it needs, directly and further on, and all that needs it. */
export function graphAround(library: Library, centre: Node): Dependencies {
  const { edges } = libraryGraph(library);
  const needed = reach(
    centre,
    edges,
    ({ from }) => from,
    ({ to }) => to,
  );
  const needing = reach(
    centre,
    edges,
    ({ to }) => to,
    ({ from }) => from,
  );
  const within = (set: ReadonlySet<string>, { from, to }: Edge): boolean => set.has(keyOf(from)) && set.has(keyOf(to));
  return withNodesOf(
    [centre],
    edges.filter((edge) => within(needed, edge) || within(needing, edge)),
  );
}

function reach(
  start: Node,
  edges: readonly Edge[],
  near: (edge: Edge) => Node,
  far: (edge: Edge) => Node,
): Set<string> {
  const next = new Map<string, string[]>();
  for (const edge of edges) {
    const key = keyOf(near(edge));
    next.set(key, [...(next.get(key) ?? []), keyOf(far(edge))]);
  }
  const reached = new Set([keyOf(start)]);
  for (const key of reached) for (const one of next.get(key) ?? []) reached.add(one);
  return reached;
}

function withNodesOf(nodes: readonly Node[], edges: readonly Edge[]): Dependencies {
  const all = new Map([...nodes, ...edges.flatMap(({ from, to }) => [from, to])].map((node) => [keyOf(node), node]));
  return { nodes: [...all.values()], edges };
}

/** How many tools and functions stand on a function, directly and further on. */
export function dependantsOf(library: Library, name: string): { functions: string[]; tools: string[] } {
  return findDependants(library.functions, toolUses(library), name);
}

export interface PlacedNode extends Node {
  /** Its middle. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedEdge extends Edge {
  points: readonly { x: number; y: number }[];
}

export interface Picture {
  width: number;
  height: number;
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

const charWidth = 8;
const nodeHeight = 34;
/** Room beside the name: its kind's sign, and a margin. */
const besideName = 38;

/** Places them in layers from left to right, who uses before what is used. Units are CSS pixels. */
export function pictureOf({ nodes, edges }: Dependencies): Picture {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 56, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) {
    const width = node.name.length * charWidth + besideName;
    graph.setNode(keyOf(node), { width, height: nodeHeight });
  }
  for (const { from, to } of edges) graph.setEdge(keyOf(from), keyOf(to));
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: nodes.map((node) => {
      const placed = graph.node(keyOf(node));
      return { ...node, x: placed.x ?? 0, y: placed.y ?? 0, width: placed.width, height: placed.height };
    }),
    edges: edges.map((edge) => ({ ...edge, points: graph.edge(keyOf(edge.from), keyOf(edge.to))?.points ?? [] })),
  };
}
