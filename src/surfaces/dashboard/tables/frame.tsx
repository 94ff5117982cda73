// One frame: where it came from, and its rows. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { showFrame } from "../../../features/frames/frames.ts";
import type { ShownFrame } from "../../../features/frames/schema.ts";
import type { Rows } from "../../../features/results/schema.ts";
import { readerOf } from "../../../features/workspace/workspace.ts";
import { given, useTool } from "../actions.ts";
import { teamPage } from "../page.tsx";
import { Ago, bytes, count, Empty, Live, Pager, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { FrameButtons, framesDone, KeptUntil } from "./frames.tsx";
import { Downloads, RowsTable, rowsAPage } from "./shared.tsx";

export async function framePage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const ref = c.req.param("ref") ?? "";
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const [found, { data }] = await Promise.all([
    call.workspace.frames().find(ref, readerOf(call)),
    useTool(call, "read_frame", given({ data_ref: ref, limit: rowsAPage, cursor })),
  ]);
  const frame = showFrame(found);
  const rows = data as unknown as Rows;
  return teamPage(c, {
    title: frame.name ?? frame.data_ref,
    heading: <bdi>{frame.name ?? frame.data_ref}</bdi>,
    section: "tables",
    crumbs: [
      { label: "Tables", path: "/tables" },
      { label: "Frames", path: "/tables/-/frames" },
    ],
    attempt,
    done: framesDone,
    ...(may(call.actor, "data:write") ? { tools: <FrameButtons frame={frame} /> } : {}),
    children: (
      <Live id="frame" kinds={["frame"]}>
        <Facts frame={frame} now={call.now()} />
        <h2>Rows</h2>
        {rows.rows.length === 0 ? (
          <Empty title="The frame has no rows">
            <p>Its columns are {frame.columns.map(({ name, type }) => `${name} (${type})`).join(", ")}.</p>
          </Empty>
        ) : (
          <>
            <RowsTable caption="Rows" data={rows} />
            <Pager url={url} page={rows} what={rows.total === 1 ? "row" : "rows"} />
          </>
        )}
        <Downloads c={c} path={`/frames/${frame.data_ref}`} />
      </Live>
    ),
  });
}

function Facts({ frame, now }: { frame: ShownFrame; now: number }) {
  const { lineage, rows, columns, created_by, created_at, data_ref } = frame;
  const from = lineage.inputs.map(({ name }) => name).join(", ");
  return (
    <>
      <dl class="stats">
        <div>
          <dt>Rows</dt>
          <dd>{count(rows)}</dd>
        </div>
        <div>
          <dt>Columns</dt>
          <dd>{columns.length}</dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>{bytes(frame.bytes)}</dd>
        </div>
        <div>
          <dt>Kept until</dt>
          <dd>
            <KeptUntil frame={frame} now={now} />
          </dd>
        </div>
      </dl>
      <p class="muted">
        {data_ref}, made by <bdi>{created_by}</bdi>, <Ago at={created_at} now={now} />, with {lineage.operation}
        {from === "" ? "" : " of "}
        <bdi>{from}</bdi>.
      </p>
    </>
  );
}
