// The picture of what uses what, drawn at the server, and the same as a list. Runs at the edge.
import { pathOf } from "../actions.ts";
import type { PageContext } from "../routes.ts";
import { type Dependencies, type Node, type NodeKind, pictureOf } from "./graph.ts";
import { entryPath } from "./places.ts";

/** More than so many are not drawn: nobody reads such a picture, and placing them takes time. */
export const drawnNodes = 150;

/** A table, a triangle that runs, and a ring. Ten pixels wide. */
const signs: Record<NodeKind, string> = {
  dataset: "M0 0h10v10h-10zM0 4h10M4 0v10",
  tool: "M1 0L10 5L1 10z",
  function: "M5 0a5 5 0 1 0 0.01 0z",
};
const kinds: Record<NodeKind, string> = { dataset: "Dataset", tool: "Tool", function: "Function" };

/** `centre` is the one the page is about. */
export function DependencyGraph(props: { c: PageContext; graph: Dependencies; label: string; centre?: Node }) {
  const { c, graph, label, centre } = props;
  return (
    <>
      {graph.nodes.length > drawnNodes ? (
        <p class="hint">
          {graph.nodes.length} tools, functions and datasets are too many for one picture. The list has them all.
        </p>
      ) : (
        <Picture c={c} graph={graph} label={label} centre={centre} />
      )}
      <details class="graph-list" open={graph.nodes.length > drawnNodes}>
        <summary>The same as a list</summary>
        <EdgeList c={c} graph={graph} />
      </details>
    </>
  );
}

function Picture({
  c,
  graph,
  label,
  centre,
}: {
  c: PageContext;
  graph: Dependencies;
  label: string;
  centre: Node | undefined;
}) {
  const picture = pictureOf(graph);
  return (
    <section class="graph" aria-label={label} tabindex={0}>
      <svg width={picture.width} height={picture.height} viewBox={`0 0 ${picture.width} ${picture.height}`}>
        <title>{label}</title>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 L8 4 L0 8 z" class="tip" />
          </marker>
        </defs>
        {picture.edges.map(({ points }) => (
          <path class="edge" d={pathThrough(points)} marker-end="url(#arrow)" />
        ))}
        {picture.nodes.map((node) => (
          <a
            href={hrefOf(c, node)}
            class={`node ${node.kind}${isSame(node, centre) ? " centre" : ""}`}
            aria-label={`${kinds[node.kind]} ${node.name}`}
            aria-current={isSame(node, centre) ? "page" : undefined}
          >
            <title>{`${kinds[node.kind]} ${node.name}`}</title>
            <rect
              x={node.x - node.width / 2}
              y={node.y - node.height / 2}
              width={node.width}
              height={node.height}
              rx={node.kind === "function" ? 17 : 6}
            />
            <path
              class="sign"
              transform={`translate(${node.x - node.width / 2 + 11} ${node.y - 5})`}
              d={signs[node.kind]}
            />
            <text x={node.x - node.width / 2 + 28} y={node.y + 5}>
              {node.name}
            </text>
          </a>
        ))}
      </svg>
    </section>
  );
}

const isSame = (node: Node, other: Node | undefined): boolean => node.kind === other?.kind && node.name === other.name;

function pathThrough(points: readonly { x: number; y: number }[]): string {
  return points.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join(" ");
}

function hrefOf(c: PageContext, { kind, name }: Node): string {
  return pathOf(c, kind === "dataset" ? `/datasets/${name}` : entryPath(kind, name));
}

/** For each that uses something: what. */
function EdgeList({ c, graph: { nodes, edges } }: { c: PageContext; graph: Dependencies }) {
  const using = nodes.filter((node) => edges.some(({ from }) => isSame(from, node)));
  if (using.length === 0) return <p class="muted">Nothing here uses anything else.</p>;
  return (
    <ul>
      {using.map((node) => (
        <li>
          {kinds[node.kind]} <NodeLink c={c} node={node} /> uses{" "}
          {edges
            .filter(({ from }) => isSame(from, node))
            .map(({ to }, at) => (
              <>
                {at === 0 ? "" : ", "}
                {kinds[to.kind].toLowerCase()} <NodeLink c={c} node={to} />
              </>
            ))}
        </li>
      ))}
    </ul>
  );
}

export function NodeLink({ c, node }: { c: PageContext; node: Node }) {
  return (
    <a href={hrefOf(c, node)}>
      <bdi>{node.name}</bdi>
    </a>
  );
}
