// The whole library as one picture. Runs at the edge.
import { Empty, Live, urlOf } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { rightsOf } from "./entries.ts";
import { type Dependencies, libraryGraph } from "./graph.ts";
import { DependencyGraph, NodeLink } from "./graph-view.tsx";
import { libraryPage } from "./lists.tsx";
import { matchesWords, wordsOf } from "./words.ts";

/** What stands alone is listed and not drawn. */
export async function graphPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const rights = await rightsOf(call);
  const url = urlOf(c);
  const words = wordsOf(url.searchParams.get("q"));
  const withData = url.searchParams.get("datasets") === "yes";
  const whole = libraryGraph(call.catalogue);
  const chosen = narrowed(withData ? whole : withoutDatasets(whole), words);
  const linked = new Set(
    chosen.edges.flatMap(({ from, to }) => [`${from.kind} ${from.name}`, `${to.kind} ${to.name}`]),
  );
  const isLinked = ({ kind, name }: { kind: string; name: string }): boolean => linked.has(`${kind} ${name}`);
  const drawn = { nodes: chosen.nodes.filter(isLinked), edges: chosen.edges };
  const alone = chosen.nodes.filter((node) => !isLinked(node));
  return libraryPage(c, "graph", {
    title: "Graph",
    rights,
    intro: "Who calls what. An arrow leads from a tool or function to what it uses.",
    children: (
      <>
        <form class="filters" method="get" action={url.pathname} aria-label="Narrow the graph">
          <div class="field grow">
            <label for="f-q">Only around names with</label>
            <input id="f-q" type="search" name="q" value={url.searchParams.get("q") ?? ""} autocomplete="off" />
          </div>
          <div class="check">
            <input id="f-datasets" type="checkbox" name="datasets" value="yes" checked={withData} />
            <label for="f-datasets">With datasets</label>
          </div>
          <button type="submit" class="quiet">
            Show
          </button>
        </form>
        <Live id="graph" kinds={["tool", "function"]}>
          {drawn.nodes.length === 0 ? (
            <Empty title="Nothing here calls anything else.">
              <p>A tool that calls a function of the library is drawn with an arrow to it.</p>
            </Empty>
          ) : (
            <DependencyGraph c={c} graph={drawn} label="Dependencies of the library" />
          )}
          {alone.length === 0 ? null : (
            <details class="card">
              <summary>{alone.length} that stand alone</summary>
              <ul class="names">
                {alone.map((node) => (
                  <li>
                    <NodeLink c={c} node={node} /> <span class="muted">{node.kind}</span>
                  </li>
                ))}
              </ul>
            </details>
          )}
        </Live>
      </>
    ),
  });
}

function withoutDatasets({ nodes, edges }: Dependencies): Dependencies {
  return {
    nodes: nodes.filter(({ kind }) => kind !== "dataset"),
    edges: edges.filter(({ to }) => to.kind !== "dataset"),
  };
}

/** Those whose names hold the words, and their neighbours. */
function narrowed(graph: Dependencies, words: readonly string[]): Dependencies {
  if (words.length === 0) return graph;
  const hits = (node: { name: string }): boolean => matchesWords(words, node.name);
  const edges = graph.edges.filter(({ from, to }) => hits(from) || hits(to));
  const near = new Set(edges.flatMap(({ from, to }) => [`${from.kind} ${from.name}`, `${to.kind} ${to.name}`]));
  return { nodes: graph.nodes.filter((node) => hits(node) || near.has(`${node.kind} ${node.name}`)), edges };
}
